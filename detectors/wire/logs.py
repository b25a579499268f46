"""OTLP logs to arrays: one row a line, the body as text for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from detectors.wire.batch import Rejected, WireSettings
from detectors.wire.identity import attributes_of, origin_of, value_text
from detectors.wire.intake import Codes, Intake, id_rows
from detectors.wire.otlp_json import id_bytes

_SEVERITIES = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "NOTICE": 10, "WARN": 13, "WARNING": 13, "ERROR": 17, "ERR": 17}
_SEVERITIES |= {"CRITICAL": 21, "FATAL": 21, "PANIC": 21, "EMERGENCY": 24}


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Lines of one poll in input order. ``items == accepted lines + rejected items`` holds for each record."""

    entity: npt.NDArray[np.int32]
    """Index into ``entities``."""
    at: npt.NDArray[np.int64]
    """Event time, ns UTC; where the line has none, when it was observed."""
    severity: npt.NDArray[np.uint8]
    """OTLP's severity number; 0: not known."""
    body: list[str]
    cut: npt.NDArray[np.bool_]
    """The body was longer than allowed."""
    trace: npt.NDArray[np.uint8]
    """Shape (n, 16); zeros: none."""
    span: npt.NDArray[np.uint8]
    """Shape (n, 8); zeros: none."""
    record: npt.NDArray[np.int32]
    entities: list[str]
    rejected: list[Rejected]
    items: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.body)


class _Lines:
    """Rows that are being collected."""

    def __init__(self) -> None:
        self.entities = Codes()
        self.entity: list[int] = []
        self.at: list[int] = []
        self.severity: list[int] = []
        self.body: list[str] = []
        self.cut: list[bool] = []
        self.trace: list[bytes] = []
        self.span: list[bytes] = []
        self.record: list[int] = []

    def batch(self, intake: Intake) -> LogBatch:
        return LogBatch(
            entity=np.array(self.entity, np.int32),
            at=np.array(self.at, np.int64),
            severity=np.array(self.severity, np.uint8),
            body=self.body,
            cut=np.array(self.cut, np.bool_),
            trace=id_rows(self.trace, 16),
            span=id_rows(self.span, 8),
            record=np.array(self.record, np.int32),
            entities=self.entities.texts,
            rejected=intake.rejected(),
            items=intake.items,
        )


def decode(records: Sequence[bytes], received_at: int, settings: WireSettings | None = None) -> LogBatch:
    """Lines of OTLP logs export requests, protobuf and JSON mixed."""
    settings = settings or WireSettings()
    intake = Intake(records, received_at, settings)
    lines = _Lines()
    for record, request, from_json in intake.requests(ExportLogsServiceRequest):
        for resource_logs in request.resource_logs:
            origin = origin_of(attributes_of(resource_logs.resource.attributes), settings.entity_attributes)
            entity = lines.entities.of(origin.entity)
            for scope_logs in resource_logs.scope_logs:
                for line in scope_logs.log_records:
                    intake.items[record] += 1
                    at = line.time_unix_nano or line.observed_time_unix_nano
                    if (fault := intake.time_fault(at)) is not None:
                        intake.reject(record, fault)
                        continue
                    lines.entity.append(entity)
                    lines.at.append(at)
                    lines.record.append(record)
                    lines.trace.append(id_bytes(line.trace_id, from_json=from_json, size=16))
                    lines.span.append(id_bytes(line.span_id, from_json=from_json, size=8))
                    _text(line, lines, settings.max_body_chars)
    return lines.batch(intake)


def _text(line: LogRecord, lines: _Lines, most: int) -> None:
    body = value_text(line.body)
    lines.cut.append(len(body) > most)
    lines.body.append(body[:most])
    number = line.severity_number or _SEVERITIES.get(line.severity_text.upper(), 0)
    lines.severity.append(number if 0 <= number <= 24 else 0)
