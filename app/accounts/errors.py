from app.core.errors import (
    AppError,
    ConflictError,
    InvalidError,
    MalformedError,
    NotFoundError,
)


class InvalidClientError(AppError):
    """The client assertion was not accepted (RFC 6749 section 5.2)."""

    status = 401
    code = "invalid-client"
    title = "Client not accepted"
    default_detail = (
        "Sign a fresh assertion (RFC 7523) with the registered key: kid its RFC 7638 thumbprint, "
        "iss and sub the client id, aud the issuer as one string, a new jti, and at most 60 "
        "seconds between iat and exp."
    )

    def __init__(self) -> None:
        super().__init__()
        self.extensions = {"error": "invalid_client"}


class InvalidGrantError(MalformedError):
    """The token request asks for something that is not offered (RFC 6749 section 5.2)."""

    code = "invalid-token-request"
    title = "Token request not accepted"
    default_detail = (
        "Use grant_type=client_credentials with a jwt-bearer client assertion, a scope that the "
        "client has, and a resource that GET /v1/meta names."
    )

    def __init__(self, error: str) -> None:
        super().__init__()
        self.extensions = {"error": error}


class ClientKeyError(InvalidError):
    """The key to register is not a public P-256 key."""

    code = "credential-key-invalid"
    title = "Key not accepted"
    default_detail = "Give the public JWK (kty EC, crv P-256) that `joinder client init` printed."


class ClientPeriodError(InvalidError):
    """A machine client would end before tomorrow, or after it should have been looked at again."""

    code = "credential-period-invalid"
    title = "End not accepted"
    default_detail = "Name a day after today and at most two years ahead; renew it again by then."


class ClientNotFoundError(NotFoundError):
    """No machine client has this id."""

    code = "credential-not-found"
    title = "Machine client not found"


class IdempotencyKeyReusedError(InvalidError):
    """The key was used for another request."""

    code = "idempotency-key-reused"
    title = "Idempotency-Key used before"
    default_detail = "Use a new key for a new request; repeat a request only with the same body."


class KeyExistsError(ConflictError):
    """The client has this key, or had it."""

    code = "client-key-exists"
    title = "Key known"
    default_detail = "Make a new key pair; a key that was ended does not come back."


class TooManyKeysError(ConflictError):
    """The client has two live keys already."""

    code = "client-keys-full"
    title = "Two keys already"
    default_detail = "End one of the two keys first."


class KeyNotFoundError(NotFoundError):
    """The client has no live key with this thumbprint."""

    code = "client-key-not-found"
    title = "Key not found"
    default_detail = "Give the kid of one of the client's live keys."


class LastKeyError(ConflictError):
    """The key that signed is the one to end, or the only one."""

    code = "client-key-in-use"
    title = "Key in use"
    default_detail = "Sign with the key that stays, and end the other."
