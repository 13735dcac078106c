"""t-SNE against scikit-learn's in one run: time, trustworthiness and neighbours kept. The graph's time counts.

python -m benchmarks.tsne                 10 000 x 512, some minutes
python -m benchmarks.tsne --rows 50000    CPU time against scikit-learn's, which takes most of half an hour
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from sklearn.manifold import TSNE

from benchmarks.vectors import clusters, table_of
from xai_core.embedding.graph import knn_graph
from xai_core.embedding.quality import map_quality
from xai_core.embedding.tsne import tsne_map


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float, float]:
    """The points, and wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    points = work()
    return points, time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--ours-only", action="store_true")
    options = parser.parse_args()
    vectors, labels = clusters(options.rows, 512)
    table = table_of(vectors, labels)
    knn_graph(table_of(vectors[:500], labels[:500]))  # imports do not count
    tsne_map(table_of(vectors[:500], labels[:500]))
    work = {"ours": lambda: tsne_map(table, graph=knn_graph(table)).points}
    if not options.ours_only:
        work["scikit-learn"] = lambda: TSNE(random_state=0, init="pca").fit_transform(vectors)
    found = {name: timed(call) for name, call in work.items()}
    graph = knn_graph(table)
    quality = {name: map_quality(table, graph, points) for name, (points, _, _) in found.items()}
    for name, (_, wall, cpu) in found.items():
        one = quality[name]
        print(f"{name:14s} {wall:7.1f} s wall {cpu:7.1f} s CPU  trustworthiness {one.trustworthiness:.4f}", end="  ")
        print(f"neighbours kept {one.kept:.4f}  accuracy {one.accuracy_map:.3f} (graph recall {graph.recall:.3f})")
    if not options.ours_only:
        ratios = [found["scikit-learn"][part] / found["ours"][part] for part in (1, 2)]
        print(f"scikit-learn / ours: wall {ratios[0]:.1f}, CPU {ratios[1]:.1f}   (10 000: >= 12; 50 000: CPU >= 25)")
        lost = quality["scikit-learn"].trustworthiness - quality["ours"].trustworthiness
        print(f"trustworthiness below scikit-learn's by {lost:.4f}   (at most 0.005)")
        kept = quality["scikit-learn"].kept - quality["ours"].kept
        print(f"neighbours kept below by {kept:.4f}   (at most 0.02)")
    projection = tsne_map(table, graph=graph)
    times = []
    for row in range(10):
        start = time.perf_counter()
        projection.place(vectors[row] + np.float32(0.01))
        times.append(time.perf_counter() - start)
    print(f"placing one new picture: {1000 * min(times):.0f} to {1000 * max(times):.0f} ms   (must be < 100)")


if __name__ == "__main__":
    main()
