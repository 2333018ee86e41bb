"""What goes into the WebAssembly guest, checked without building one."""

import ast
from pathlib import Path

import agentrl.sandbox
from agentrl.sandbox.wasm import component

ROOM = Path(agentrl.sandbox.__file__).parent


def test_the_guest_gets_every_module_that_its_modules_import() -> None:
    shared = set(component._SHARED.split())
    for name in shared:
        for node in ast.walk(ast.parse((ROOM / f"{name}.py").read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("agentrl.sandbox."):
                path = str(node.module).removeprefix("agentrl.sandbox.").replace(".", "/")
                wanted = {f"{path}/{alias.name}" for alias in node.names} if (ROOM / path).is_dir() else {path}
                assert wanted <= shared, f"{name} imports {wanted - shared}"
