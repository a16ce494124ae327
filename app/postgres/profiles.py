"""The two ways a server is run: to keep data, and to throw it away."""

from dataclasses import dataclass

_PRIVATE = {
    "listen_addresses": "",
    "port": "5432",  # names the socket file only
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # The log tells of starts, crashes and refused sign-ins. The text of a failed statement may
    # hold values; it goes to the application, which reports the failure without them.
    "log_destination": "stderr",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "max_connections": "100",
    "jit": "off",  # short statements; compiling them costs more than running them
}


@dataclass(frozen=True)
class Profile:
    """Settings given on the server's command line, where no file can change them."""

    name: str
    settings: dict[str, str]
    is_durable: bool


DURABLE = Profile(
    name="durable",
    is_durable=True,
    settings=_PRIVATE
    | {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        # sized for a machine of 2 cores and 4 GB that also runs the service
        "shared_buffers": "1GB",
        "effective_cache_size": "2GB",
        "work_mem": "16MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        # segments of the log are used again: a commit that has to make a new one waits for 16 MB
        "min_wal_size": "512MB",
    },
)

DISPOSABLE = Profile(
    name="disposable",
    is_durable=False,
    settings=_PRIVATE
    | {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "max_connections": "300",  # of several workers, each with registries of its own
        "shared_buffers": "128MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "1h",
        "wal_level": "minimal",
        "max_wal_senders": "0",
    },
)
