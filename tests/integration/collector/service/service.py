"""A service without a line of telemetry: ``opentelemetry-instrument`` adds all of it.

``GET /orders/7`` works for a moment; with the environment variable NEEDS it first asks the service at that address.
"""

import logging
import os

import httpx
from fastapi import FastAPI

logging.basicConfig(level=logging.INFO)
app = FastAPI()
needs = os.environ.get("NEEDS")


@app.get("/orders/{order}")
async def take(order: int) -> dict[str, int]:
    """The sum of some squares, and of those of the service below."""
    logging.getLogger("orders").info("order %d is taken by customer jane.doe@example.com", order)
    found = sum(number * number for number in range(2_000))
    if needs is not None:
        async with httpx.AsyncClient(timeout=5) as client:
            answer = await client.get(f"{needs}/orders/{order}")
        found += answer.json()["sum"]
    return {"sum": found}
