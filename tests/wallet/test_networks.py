"""An IP address stands for a place: of an IPv6 one, the network of its customer."""

import pytest

from wallet.networks import network_of

pytestmark = pytest.mark.any_engine


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("197.248.10.7", "197.248.10.7"),
        ("2c0f:fe38:2:1:aaaa::7", "2c0f:fe38:2:1::"),
        ("2c0f:fe38::1", "2c0f:fe38::"),
        ("::1", "::1"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_the_network_of_an_address(address, network):
    assert network_of(address) == network
