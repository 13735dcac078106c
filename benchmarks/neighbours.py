"""Neighbours of one picture: exact search on 50 000 x 512 against scikit-learn and FAISS, and the index at 1 000 000.

python -m benchmarks.neighbours               one query, ratios of one run
python -m benchmarks.neighbours --million     1 000 000 x 512 by memory map: recall, time a query, peak memory
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import faiss
import numpy as np
from sklearn.neighbors import NearestNeighbors

from benchmarks.vectors import clusters, fill, table_of
from xai_core.embedding.neighbours import neighbours, open_index

K = 10


def wall_ms(work: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median wall time of each in interleaved rounds: two of the peers use every core, so CPU time would not do."""
    spent: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, call in work.items():
            start = time.perf_counter()
            call()
            if number:
                spent[name].append(1000 * (time.perf_counter() - start))
    return {name: statistics.median(times) for name, times in spent.items()}


def one_query(rounds: int) -> None:
    vectors, labels = clusters(50_000, 512)
    query, table = vectors[7] + np.float32(0.05), table_of(vectors, labels)
    flat = faiss.IndexFlatL2(512)
    flat.add(vectors)
    for metric, peer in (("l2", "euclidean"), ("cosine", "cosine")):
        index = open_index(table, metric)  # type: ignore[arg-type]
        brute = NearestNeighbors(algorithm="brute", metric=peer).fit(vectors)
        work: dict[str, Callable[[], object]] = {
            "ours": partial(neighbours, index, query, K),
            "scikit-learn": partial(brute.kneighbors, query[None], K),
        }
        if metric == "l2":
            work["FAISS flat"] = partial(flat.search, query[None], K)
        times = wall_ms(work, rounds)
        same = np.array_equal(neighbours(index, query, K).rows, brute.kneighbors(query[None], K)[1])
        print(metric, {name: f"{ms:.1f} ms" for name, ms in times.items()}, "same rows:", same)
        print(f"  scikit-learn / ours: {times['scikit-learn'] / times['ours']:.1f}   (must be >= 4)")
        if metric == "l2":
            print(f"  FAISS flat / ours: {times['FAISS flat'] / times['ours']:.1f}   (must be >= 2)")


def million(n: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vectors.npy"
        written = np.lib.format.open_memmap(path, "w+", np.float32, (n, 512))
        labels = fill(written)
        written.flush()
        del written
        start = time.perf_counter()
        vectors = np.load(path, mmap_mode="r")
        print(f"opened in {1000 * (time.perf_counter() - start):.1f} ms")
        index = open_index(table_of(vectors, labels, Path(folder)))
        print(f"index made in {time.perf_counter() - start:.0f} s, recall on rows of the table {index.recall:.3f}")
        queries = vectors[np.random.default_rng(1).choice(n, 50)] + np.float32(0.05)
        start = time.perf_counter()
        found = [neighbours(index, query, K).rows[0] for query in queries]
        ours = (time.perf_counter() - start) / len(queries)
        start = time.perf_counter()
        exact = open_index(table_of(vectors, labels, Path(folder)), exact=True)
        truth = [neighbours(exact, query, K).rows[0] for query in queries]
        brute = (time.perf_counter() - start) / len(queries)
        recall = np.mean([len(set(a) & set(b)) for a, b in zip(found, truth, strict=True)]) / K
        print(
            f"recall of {K}: {recall:.3f}   (must be >= 0.95); {1000 * ours:.1f} ms a query, exact {1000 * brute:.0f}"
        )
        anonymous = int(
            next(s for s in Path("/proc/self/status").read_text().splitlines() if "RssAnon" in s).split()[1]
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"memory: {anonymous / 1024:.0f} MB of our own now; peak {peak / 1024:.0f} MB with the mapped file's pages"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    million(options.rows) if options.million else one_query(options.rounds)


if __name__ == "__main__":
    main()
