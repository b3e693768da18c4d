"""What the commands for comics have in common."""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from domain.comic_rules import Finding
from domain.project import Project
from infrastructure.project_files import open_project


def project_of(asked: argparse.Namespace) -> Project:
    """Beside the plan, named like it, unless another one is asked for."""
    plan = Path(asked.plan)
    return open_project(Path(asked.project) if asked.project else plan.parent / plan.stem)


def tell(findings: Iterable[Finding]) -> None:
    for finding in findings:
        print(f"{finding.where}: {finding.said}", file=sys.stderr)
