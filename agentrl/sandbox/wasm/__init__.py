"""The WebAssembly back-end: a CPython of its own, compiled to WebAssembly, for each program. See docs/wasm.md.

`sandbox` and `worker` belong to the trusted side, `host` is the worker process that runs WebAssembly, `guest` is what
runs inside, and `component` builds it.
"""

from agentrl.sandbox.wasm.sandbox import WasmSandbox

__all__ = ["WasmSandbox"]
