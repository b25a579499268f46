"""kustomize renders base and overlay."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.servers import need

K8S = Path(__file__).resolve().parents[3] / "k8s"


def kustomize() -> Path:
    """On the PATH, or where Go installs programs."""
    go = Path(os.environ.get("GOBIN", Path.home() / "go" / "bin")) / "kustomize"
    if shutil.which("kustomize") is None and go.exists():
        return go
    return need("kustomize", "go install sigs.k8s.io/kustomize/kustomize/v5@v5.6.0")


@pytest.mark.parametrize("folder", ["base", "overlays/example"])
def test_kustomize_renders(folder: str) -> None:
    """One namespace, labels on everything, and in the overlay its own image and settings."""
    done = subprocess.run([kustomize(), "build", K8S / folder], capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr
    rendered = list(yaml.safe_load_all(done.stdout))
    assert all(one["metadata"].get("namespace", "aiops") == "aiops" for one in rendered)
    assert all(
        one["metadata"]["labels"]["app.kubernetes.io/part-of"] == "aiops" for one in rendered if folder == "base"
    )
    names = [(one["kind"], one["metadata"]["name"]) for one in rendered]
    assert len(names) == len(set(names))
    if folder != "base":
        assert "image: aiops\n" not in done.stdout
        assert "- [file:///var/lib/aiops/pages.log]" in done.stdout
