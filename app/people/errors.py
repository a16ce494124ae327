from typing import Final

from app.core.errors import (
    AppError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
    UnavailableError,
)


class SignInRefusedError(AppError):
    """The sign-in was not accepted; it is never said why, nor whether the account exists."""

    status = 401
    code = "sign-in-refused"
    title = "Sign-in refused"
    default_detail = (
        "Check office, account and password or code. After five failures in a quarter of an hour "
        "only your office's administrator can release the account."
    )


class SignInNeededError(UnauthenticatedError):
    """Nobody is signed in with this cookie: none was sent, or the sign-in has ended."""

    code = "sign-in-needed"
    default_detail = "Sign in at POST /v1/sign-in; a sign-in ends after 30 idle minutes."


class CrossSiteRequestError(ForbiddenError):
    """The request does not come from the registry's own pages."""

    code = "cross-site-request"
    title = "Request from elsewhere"
    default_detail = (
        "Send it from the registry's own origin, with Origin or Sec-Fetch-Site, and once signed in "
        "with the csrf_token of GET /v1/sign-in as X-CSRF-Token."
    )


class BannerNotAcknowledgedError(ForbiddenError):
    """The system-use notice was not acknowledged in this sign-in."""

    code = "banner-not-acknowledged"
    title = "Notice not acknowledged"
    default_detail = "Show the text of GET /v1/banner, then send PUT /v1/sign-in/banner."


class SecondFactorNeededError(ForbiddenError):
    """The sign-in lacks the second factor that the account has or must get."""

    code = "second-factor-needed"
    title = "Second factor needed"
    default_detail = "Give it at POST /v1/sign-in/second-factor, or register the first one."


class PasswordError(InvalidError):
    """The password is too short or too easy to guess."""

    code = "password-not-accepted"
    title = "Password not accepted"
    default_detail = "Choose 15 characters or more that are no common password."


class FactorError(InvalidError):
    """The second factor to register did not prove itself."""

    code = "factor-not-accepted"
    title = "Second factor not accepted"
    default_detail = "Ask for a new secret or new options and try again with what they give."


class BannerChangedError(ConflictError):
    """The acknowledged notice is not the one in force."""

    code = "banner-changed"
    title = "Notice changed"
    default_detail = "Read GET /v1/banner again, show its text, and send its sha256."


class PersonExistsError(ConflictError):
    """The office has, or had, a person with this account or this subject at its provider."""

    code = "person-exists"
    title = "Account taken"
    default_detail = "Choose another account; names are never used again."


class PersonNotFoundError(NotFoundError):
    """The caller's office has no such person."""

    code = "person-not-found"
    title = "Person not found"


class PasskeyNotFoundError(NotFoundError):
    """The caller has no such passkey."""

    code = "passkey-not-found"
    title = "Passkey not found"


class TooManyPasskeysError(ConflictError):
    """The person has as many passkeys as one may have."""

    code = "passkeys-too-many"
    title = "Too many passkeys"
    default_detail = "Take away one that you no longer use, then register this one."


class OwnAccountError(ConflictError):
    """Administrators do not change their own account."""

    code = "own-account"
    title = "Own account"
    default_detail = "Ask another administrator of your office."


class ProviderNotFoundError(NotFoundError):
    """The office does not sign in through an identity provider."""

    code = "identity-provider-not-found"
    title = "No identity provider"
    default_detail = "Sign in with a local account, or ask the operator to name your provider."


class ProviderUnavailableError(UnavailableError):
    """The office's identity provider does not answer as it should."""

    code = "identity-provider-unavailable"
    title = "Identity provider does not answer"


class ProviderSettingError(InvalidError):
    """The identity provider's issuer is no address that the registry may ask."""

    code = "identity-provider-invalid"
    title = "Identity provider not accepted"
    default_detail = (
        "Give the issuer as https address without port, as its discovery document says it."
    )


NOT_SIGNED_IN: Final = (SignInNeededError, BannerNotAcknowledgedError, SecondFactorNeededError)
"""What is told to whoever has no complete sign-in."""
