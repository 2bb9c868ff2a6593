"""Writes and checks the evidence folder: plain documents in, one sealed folder out. Knows no AWS and no console."""

from orchestration.evidence.folder import prepare, write
from orchestration.evidence.inputs import Door, EvidenceInputs, Provenance
from orchestration.evidence.seal import Problem, seal_of, verify

__all__ = ["Door", "EvidenceInputs", "Problem", "Provenance", "prepare", "seal_of", "verify", "write"]
