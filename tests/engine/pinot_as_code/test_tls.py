"""A controller behind TLS, with a certificate of an authority that nobody knows but we."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pinot_as_code import transport
from pinot_as_code.errors import PinotError
from tests.engine.pinot_as_code.fault_proxy import FaultProxy
from tests.engine.pinot_as_code.page_views import columns, unused_name
from tests.engine.pinot_as_code.pulumi_run import RefusedArgumentsError, Run, schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.engine.pinot_as_code.page_views import Cluster

pytestmark = pytest.mark.engine

Signer = tuple[x509.Name, ec.EllipticCurvePrivateKey]


def certificate(
    directory: Path, name: str, *, signer: Signer | None = None, days: int = 1, address: str = "127.0.0.1"
) -> Signer:
    """Write `<name>.pem`, certificate and key: an authority's, or that of an address, signed by one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = signer or (subject, key)
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
    )
    if signer is not None:
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        built = built.add_extension(names, critical=False)
    encoding = serialization.Encoding.PEM
    text = built.sign(signing, hashes.SHA256()).public_bytes(encoding)
    text += key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / f"{name}.pem").write_bytes(text)
    return subject, key


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory with two authorities and certificates of the first one."""
    directory = tmp_path_factory.mktemp("certificates")
    ours = certificate(directory, "ours")
    certificate(directory, "theirs")
    certificate(directory, "good", signer=ours)
    certificate(directory, "another-host", signer=ours, address="192.0.2.1")
    certificate(directory, "expired", signer=ours, days=-1)
    return directory


@pytest.fixture
def served(
    request: pytest.FixtureRequest, cluster: Cluster, certificates: Path
) -> Iterator[tuple[FaultProxy, dict[str, str]]]:
    """Give the cluster behind TLS with one of the certificates, and the settings that lead to it."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificates / f"{request.param}.pem")
    with FaultProxy(cluster.engine.url(""), tls=tls).running() as proxy:
        yield proxy, {**cluster.configuration, "pinot:controllerUrl": proxy.url}


def refused(settings: dict[str, str]) -> str:
    """Return what somebody reads who brings up a schema with these settings, which must not work."""
    with pytest.raises((PinotError, RefusedArgumentsError)) as caught:
        Run(settings).up("schema", schema(columns(unused_name()), timeout_seconds=5.0))
    return str(caught.value)


@pytest.mark.parametrize("served", ["good"], indirect=True)
def test_our_own_authority_is_trusted_whatever_the_shell_trusts(
    served: tuple[FaultProxy, dict[str, str]],
    cluster: Cluster,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "theirs.pem"))
    name = unused_name()
    stack = Run({**served[1], "pinot:caFile": str(certificates / "ours.pem")})

    assert stack.up("schema", schema(columns(name))) == "create"
    assert cluster.get(f"/schemas/{name}") is not None
    assert stack.refresh("schema") == "same"
    stack.destroy()


@pytest.mark.parametrize(
    ("served", "authority", "message"),
    [
        ("good", None, "name its file in pinot:caFile (or PINOT_CA_FILE)"),
        ("good", "theirs", "theirs.pem (pinot:caFile) did not sign the controller's certificate"),
        ("another-host", "ours", "that is another host's certificate: write a name that it holds"),
        ("expired", "ours", "the controller needs a new certificate"),
    ],
    indirect=["served"],
)
def test_a_certificate_that_does_not_fit_is_refused_and_says_why(
    served: tuple[FaultProxy, dict[str, str]], certificates: Path, authority: str | None, message: str
) -> None:
    proxy, settings = served
    if authority is not None:
        settings = {**settings, "pinot:caFile": str(certificates / f"{authority}.pem")}

    said = refused(settings)

    assert f"TLS to {proxy.url} failed" in said
    assert message in said
    assert settings["pinot:password"] not in said


@pytest.mark.parametrize("served", ["good"], indirect=True)
def test_the_wrong_one_of_http_and_https_is_named(
    served: tuple[FaultProxy, dict[str, str]],
    cluster: Cluster,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "_FIRST_PAUSE", 0.002)
    proxy, settings = served
    plain = {**settings, "pinot:controllerUrl": proxy.url.replace("https:", "http:")}
    assert "if it answers over TLS only, pinot:controllerUrl must begin with https://" in refused(plain)

    secure = cluster.engine.url("").replace("http:", "https:")  # waits for what it takes for a request
    authority = str(certificates / "ours.pem")
    waiting = {"pinot:controllerUrl": secure, "pinot:caFile": authority, "pinot:callTimeoutSeconds": "0.3"}
    assert "pinot:controllerUrl must begin with http://" in refused({**settings, **waiting})

    with FaultProxy(cluster.engine.url("")).running() as proxy:  # says at once that it does not understand
        secure = proxy.url.replace("http:", "https:")
        said = refused({**settings, "pinot:controllerUrl": secure, "pinot:caFile": authority})
    assert "what answers there speaks no TLS: write http:// in pinot:controllerUrl" in said
