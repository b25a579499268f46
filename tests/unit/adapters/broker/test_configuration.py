"""What Kafka is told keeps the product's promises."""

from __future__ import annotations

from pathlib import Path

from aiops.adapters.broker.configuration import java_options, log_properties, server_properties


def properties(text: str) -> dict[str, str]:
    """The text of a properties file as a table."""
    return dict(line.split("=", 1) for line in text.splitlines())


def test_every_listener_is_on_loopback() -> None:
    """Nobody else on the network can reach the broker."""
    table = properties(server_properties(Path("/state/data"), 21_000, 21_001))

    listeners = [listener for key in ("listeners", "advertised.listeners") for listener in table[key].split(",")]
    assert listeners
    assert all("://127.0.0.1:" in listener for listener in listeners)


def test_retention_goes_by_append_time_and_topics_are_not_made_by_accident() -> None:
    """A replayed recording is kept, and a typing error makes no topic."""
    table = properties(server_properties(Path("/state/data"), 21_000, 21_001))

    assert table["log.message.timestamp.type"] == "LogAppendTime"
    assert table["auto.create.topics.enable"] == "false"
    assert int(table["message.max.bytes"]) == 8 * 2**20


def test_one_node_asks_for_no_second_copy() -> None:
    """Whatever counts copies counts one."""
    table = properties(server_properties(Path("/state/data"), 21_000, 21_001))
    copies = {key: value for key, value in table.items() if key.endswith(("replication.factor", "min.isr"))}

    assert len(copies) == 5
    assert set(copies.values()) == {"1"}


def test_logs_are_bounded_and_a_backslash_in_a_path_survives() -> None:
    """The log rolls at a size and keeps one old file; Java's escapes are respected."""
    text = log_properties(Path("/state/odd\\name"))

    assert "size.size = 8 MB" in text
    assert "strategy.max = 1" in text
    assert "/state/odd\\\\name/kafka.log" in text


def test_the_heap_is_what_was_asked_for() -> None:
    """The heap's size reaches Java."""
    assert "-Xmx256m" in java_options(Path("/state"), 256)
