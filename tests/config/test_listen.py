"""Listening sockets and what is said when there are none."""

import socket

import pytest

from config.run.listen import UNREAD_MILLISECONDS, PortError, listen


def test_a_taken_port_names_the_variable_to_change() -> None:
    with listen("127.0.0.1", 0, "PORT") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortError, match=f"^Port {port} is taken: .*make run PORT={port + 1}"):
            listen("127.0.0.1", port, "PORT")


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 8000), ("no such host", 8000), ("127.0.0.1", 70000), ("a..b", 8000)]
)
def test_an_impossible_address_names_the_variables(host: str, port: int) -> None:
    with pytest.raises(PortError, match="set HOST and PORT"):
        listen(host, port, "PORT")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
def test_connections_inherit_the_limit_on_unread_data() -> None:
    with listen("127.0.0.1", 0, "PORT") as listener, socket.create_connection(listener.getsockname()):
        connection, _ = listener.accept()
        with connection:
            limit = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == UNREAD_MILLISECONDS, "a client that stops reading would be buffered for without end"
