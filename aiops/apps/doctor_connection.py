"""What ``aiops doctor`` checks about the connection to Kafka: whether the broker lets us in, and how safely."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from aiops.adapters.kafka.probe import probe
from aiops.adapters.kafka.refusals import BrokerRefusedError
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.console.app import loopback
from aiops.kafka_security import SECRETS, KafkaSecurity
from aiops.model.errors import AiopsError

_ABOUT = "kafka"


def check_connection(bootstrap: str, security: KafkaSecurity) -> Iterator[DoctorFinding]:
    """Findings about the connection. One of level FAIL means that no client can be opened."""
    yield from _files(security)
    try:
        probe(bootstrap, security)
    except BrokerRefusedError as error:
        yield DoctorFinding(Level.FAIL, _ABOUT, error.what, error.do)
        return
    except AiopsError as error:
        yield DoctorFinding(Level.FAIL, _ABOUT, str(error))
        return
    if all(loopback(urlsplit(f"//{address.strip()}").hostname or "") for address in bootstrap.split(",")):
        return
    yield from _exposed(bootstrap, security)


def _exposed(bootstrap: str, security: KafkaSecurity) -> Iterator[DoctorFinding]:
    """What others in the network can do."""
    anonymous = security.sasl is None and security.certificate_file is None
    if anonymous:
        told = f"{bootstrap} lets in everybody who reaches it: whoever writes to its topics influences what is done"
        yield DoctorFinding(Level.WARN, _ABOUT, told, "use SASL or mutual TLS, and ACLs: docs/deploy.md")
    if not security.tls:
        told = f"the connection to {bootstrap} is not encrypted: telemetry and credentials can be read on the way"
        yield DoctorFinding(Level.WARN, _ABOUT, told, "use a listener with TLS, and set kafka.tls: true")
    elif not security.check_server_name:
        told = "kafka.check_server_name is false: whoever has any certificate of the authority can pose as the broker"
        yield DoctorFinding(Level.WARN, _ABOUT, told, "use host names of the certificates, and remove the setting")


def _files(security: KafkaSecurity) -> Iterator[DoctorFinding]:
    """Secrets that every user of this machine can read."""
    for name, file in security.files.items():
        try:
            mode = file.stat().st_mode
        except OSError:
            continue  # the probe names the file and what to do
        if name in SECRETS and mode & stat.S_IROTH:
            yield DoctorFinding(Level.WARN, _ABOUT, f"kafka.{name}: everybody can read {file}", f"chmod 640 {file}")
