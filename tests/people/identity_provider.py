"""An office's identity provider as a process: oidc-provider-mock, with PKCE checked.

Prints its port. The package takes a code challenge and forgets it; this remembers it by code.
"""

import hashlib
from urllib.parse import parse_qs, urlsplit

import flask
import oidc_provider_mock
from werkzeug.serving import make_server

from app.identifiers.encoding import b64u_encode

CHALLENGES: dict[str, str] = {}


def main() -> None:
    app: flask.Flask = oidc_provider_mock.app(require_nonce=True)

    @app.before_request
    def check() -> tuple[str, int] | None:
        if flask.request.path != "/oauth2/token":
            return None
        verifier = flask.request.form.get("code_verifier", "")
        challenge = CHALLENGES.get(flask.request.form.get("code", ""))
        digest = b64u_encode(hashlib.sha256(verifier.encode()).digest())
        return None if challenge == digest else ("wrong verifier", 400)

    @app.after_request
    def remember(answer: flask.Response) -> flask.Response:
        code = parse_qs(urlsplit(answer.headers.get("Location", "")).query).get("code")
        if code and flask.request.args.get("code_challenge_method") == "S256":
            CHALLENGES[code[0]] = flask.request.args.get("code_challenge", "")
        return answer

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(server.port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
