"""A real language model from a GGUF file, through llama.cpp's own OpenAI-compatible server (extra `local-llm`).

python -m config.run.local_llm --model /path/model.gguf --port 8081
"""

import argparse
import os
import signal
import sys
import threading

PARALLEL_REQUESTS = 2
CONTEXT_TOKENS = 16_384  # for each request


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    try:
        import xllamacpp
    except ImportError:
        sys.exit("LOCAL_LLM needs the extra local-llm: `make run LOCAL_LLM=…` installs it")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = options.model
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = options.port
    parameters.api_keys = [os.environ["OPENAI_API_KEY"]]  # else any page in a browser could ask it
    parameters.n_parallel = PARALLEL_REQUESTS
    parameters.n_ctx = PARALLEL_REQUESTS * CONTEXT_TOKENS
    server = xllamacpp.Server(parameters)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    ended.wait()
    del server


if __name__ == "__main__":
    main()
