"""Certificates that sign for themselves, made by the program openssl."""

import subprocess
from pathlib import Path


def make_certificate(folder: Path, name: str, subject: str) -> Path:
    """NAME.pem, with its key in NAME.key. subject: such as DNS:localhost or IP:127.0.0.1"""
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-days", "3", "-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}"]
    made = folder / f"{name}.pem"
    subprocess.run(
        [*words, "-keyout", str(folder / f"{name}.key"), "-out", str(made)], check=True, capture_output=True
    )
    return made
