"""The robot's address."""

import pytest

from phied_robot.robots.daemon import AddressError, full_address


@pytest.mark.parametrize(
    ("given", "full"),
    [
        ("reachy-mini.local", "reachy-mini.local:8000"),
        ("192.168.1.7:8001", "192.168.1.7:8001"),
        ("[::1]", "[::1]:8000"),
    ],
)
def test_the_port_is_the_daemons_own_unless_told_otherwise(given: str, full: str) -> None:
    assert full_address(given) == full


@pytest.mark.parametrize("given", ["", "http://robot", "robot:0", "robot:99999", "two robots", "::1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(AddressError, match="HOST or HOST:PORT"):
        full_address(given)
