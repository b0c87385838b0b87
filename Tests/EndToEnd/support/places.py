"""Where things lie; `run` sets the variables."""

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
DIST = Path(os.environ.get("GATEHOUSE_DIST", ROOT / "dist"))
VENVS = Path(os.environ.get("GATEHOUSE_E2E_VENVS", ROOT / ".build" / "end-to-end"))
ARTEFACTS = Path(os.environ.get("GATEHOUSE_E2E_ARTEFACTS", ROOT / ".build" / "artefacts"))
GATEHOUSE = DIST / "bin" / "gatehouse"
DEMO_SERVICES = DIST / "bin" / "gatehouse-demo-services"
PLUGINS = DIST / "plugins"
EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "mcp-authentication" / "config.yaml"


def python(venv):
    """The interpreter of one of the environments that `run` made."""
    return VENVS / venv / "bin" / "python"
