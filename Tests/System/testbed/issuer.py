"""An authorization server: metadata, keys, registration of clients, authorization codes with PKCE, access tokens (RFC 8414, 7517, 7591, 9068)."""
from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from .process import free_port


class Key:
    """A signing key and its public half as a JWK; `listed`: what the JWK says besides, or instead."""

    def __init__(self, algorithm: str, kid: str | None, size: int = 2048, **listed: Any) -> None:
        self.algorithm, self.kid = algorithm, kid
        self.private: Any
        if algorithm.startswith(("RS", "PS")):
            self.private = rsa.generate_private_key(65537, size)
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        elif algorithm.startswith("ES"):
            curve = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]
            self.private = ec.generate_private_key(curve())
            public = jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        else:
            self.private = ed25519.Ed25519PrivateKey.generate()
            public = jwt.algorithms.OKPAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        public.pop("key_ops", None)
        named = {"kid": kid} if kid else {}
        self.jwk = {name: value for name, value in {**public, **named, "use": "sig", "alg": algorithm, **listed}.items() if value is not None}


class Issuer:
    """Listens at `url`. Whoever asks for a code gets one, as `subject`, with the scopes of `grants` among those that were asked for."""

    def __init__(self, resource: str, path: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}{path}"
        self.path, self.resource = path, resource
        self.keys = [Key("ES256", "first")]
        self.subject = "zoe"
        self.claims: dict[str, Any] = {}
        self.asked: list[str] = []
        self.scopes: list[list[str]] = []
        self.status = 200
        self.stated = self.url
        self._codes: dict[str, dict[str, str]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer._get(self)

            def do_POST(self) -> None:
                issuer._post(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def token(self, key: Key | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """An access token for the resource. `claims` of None are left out; `header` is put in the header."""
        key = key or self.keys[0]
        now = int(time.time())
        said = {"iss": self.url, "sub": self.subject, "aud": self.resource, "client_id": "a-client", "iat": now, "exp": now + 600,
                "jti": secrets.token_hex(8), **self.claims, **claims}
        headers = {"typ": "at+jwt", **({"kid": key.kid} if key.kid else {}), **(header or {})}
        return jwt.encode({name: value for name, value in said.items() if value is not None}, key.private, key.algorithm, headers)

    @property
    def fetches(self) -> int:
        """How often its keys were asked for."""
        return self.asked.count(f"{self.path}/keys")

    def _get(self, request: BaseHTTPRequestHandler) -> None:
        target = urlsplit(request.path)
        self.asked.append(target.path)
        if target.path == f"/.well-known/oauth-authorization-server{self.path}":
            return self._json(request, {
                "issuer": self.stated, "jwks_uri": f"{self.url}/keys", "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token", "registration_endpoint": f"{self.url}/register", "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"], "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"]})
        if target.path == f"{self.path}/keys":
            return self._json(request, {"keys": [key.jwk for key in self.keys]})
        if target.path == f"{self.path}/authorize":
            asked = {name: values[0] for name, values in parse_qs(target.query).items()}
            assert asked["code_challenge_method"] == "S256" and asked["resource"] == self.resource, asked
            self.scopes.append(asked.get("scope", "").split())
            code = secrets.token_urlsafe(16)
            self._codes[code] = asked
            request.send_response(302)
            answer = {"code": code, "state": asked["state"], "iss": self.url}
            request.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer)}")
            request.send_header("Content-Length", "0")
            return request.end_headers()
        self._json(request, {}, 404)

    def _post(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["Content-Length"]))
        self.asked.append(request.path)
        if request.path == f"{self.path}/register":
            return self._json(request, {**json.loads(body), "client_id": "registered", "token_endpoint_auth_method": "none"}, 201)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        asked = self._codes.pop(form.get("code", ""), None)
        if request.path != f"{self.path}/token" or asked is None:
            return self._json(request, {"error": "invalid_grant"}, 400)
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert digest == asked["code_challenge"], "PKCE"
        scope = asked.get("scope", "")
        self._json(request, {"access_token": self.token(scope=scope, client_id="registered"), "token_type": "Bearer", "expires_in": 600,
                             "scope": scope})

    def _json(self, request: BaseHTTPRequestHandler, value: Any, status: int | None = None) -> None:
        body = json.dumps(value).encode()
        request.send_response(status or self.status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
