"""The process in which UMAP runs, started as a script: it imports nothing of this project, so that it starts lightly.

UMAP compiles itself for half a minute in each new process. Messages both ways are pickles over the two
pipes to the process that started this one; EOFError and UnpicklingError mean that the other side is gone.
"""

import os
import pickle
import sys
import warnings
from typing import IO, Any


def send(pipe: IO[bytes], message: object) -> None:
    pickle.dump(message, pipe, protocol=pickle.HIGHEST_PROTOCOL)
    pipe.flush()


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    warnings.filterwarnings("ignore")  # UMAP's notes on threads and spectral starts
    import numpy as np
    import umap

    def fit(request: dict[str, Any]) -> Any:
        vectors = request["vectors"]
        if isinstance(vectors, str):
            vectors = np.load(vectors, mmap_mode="r")
        reducer = umap.UMAP(
            n_components=request["dims"],
            n_neighbors=request["n_neighbors"],
            min_dist=request["min_dist"],
            metric=request["metric"],
            random_state=request["seed"],
            n_jobs=1,
        )
        reducer.fit(np.asarray(vectors, np.float32))
        return reducer

    def warm() -> None:
        random = np.random.default_rng(0)
        tiny = {"dims": 2, "n_neighbors": 15, "min_dist": 0.1, "metric": "euclidean", "seed": 0}
        fit(tiny | {"vectors": random.normal(size=(60, 8))}).transform(random.normal(size=(2, 8)).astype(np.float32))

    try:
        warm()
        send(answers, "ready")
        reducer: Any = None
        while True:
            name, request = pickle.load(sys.stdin.buffer)
            try:
                if name == "fit":
                    reducer = fit(request)
                    send(answers, np.asarray(reducer.embedding_, np.float32))
                else:
                    send(answers, np.asarray(reducer.transform(request), np.float32))
            except Exception as error:  # told to the other side, which raises it
                send(answers, f"{type(error).__name__}: {error}")
    except (EOFError, pickle.UnpicklingError):
        return


if __name__ == "__main__":
    main()
