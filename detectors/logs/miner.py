"""Templates of one service's lines (Drain; He et al., ICWS 2017), bounded, and written to a snapshot as they are."""

from __future__ import annotations

from typing import Any

from drain3.drain import Drain, LogCluster, Node

OTHER = 0
"""Template of the lines for which there is no room."""
_DEPTH, _SIMILAR, _CHILDREN = 4, 0.5, 64


class Miner:
    """Line to template number.

    Args:
        most: templates kept; the least recently seen leave when an interval ends, between there may be twice as many.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._drain = Drain(depth=_DEPTH, sim_th=_SIMILAR, max_children=_CHILDREN)
        self._seen: dict[int, int] = {}
        """Template to the interval in which it was seen last, in the order of their last lines."""

    def match(self, masked: str, interval: int) -> tuple[int, bool]:
        """Number of a masked line's template, and whether it is new."""
        if len(self._seen) >= 2 * self.most:
            found = self._drain.tree_search(self._drain.root_node, masked.split(), _SIMILAR, include_params=False)
            number, new = (OTHER, False) if found is None else (self._add(masked), False)
        else:
            before = self._drain.clusters_counter
            number = self._add(masked)
            new = self._drain.clusters_counter != before
        if number != OTHER:
            self._seen[number] = max(interval, self._seen.pop(number, 0))
        return number, new

    def _add(self, masked: str) -> int:
        cluster, _ = self._drain.add_log_message(masked)
        return int(cluster.cluster_id)

    def template(self, number: int) -> str:
        """Text of a template as it is now."""
        cluster = self._drain.id_to_cluster.get(number)
        return "<other>" if cluster is None else str(cluster.get_template())

    def shrink(self) -> list[int]:
        """Lets the least recently seen templates go where there are too many; their numbers."""
        gone = list(self._seen)[: max(0, len(self._seen) - self.most)]
        for number in gone:
            del self._seen[number]
            del self._drain.id_to_cluster[number]
        if gone:
            self._prune(self._drain.root_node)
        return gone

    def _prune(self, node: Node) -> bool:
        """Removes leaves without templates, so that the tree is as bounded as they are; whether the node is empty."""
        node.cluster_ids = [number for number in node.cluster_ids if number in self._drain.id_to_cluster]
        for key in [key for key, child in node.key_to_child_node.items() if self._prune(child)]:
            del node.key_to_child_node[key]
        return not node.cluster_ids and not node.key_to_child_node

    def to_json(self) -> dict[str, Any]:
        """State for a snapshot."""
        clusters = self._drain.id_to_cluster
        return {
            "next": self._drain.clusters_counter,
            "clusters": [
                [number, clusters[number].size, " ".join(clusters[number].log_template_tokens), interval]
                for number, interval in self._seen.items()
            ],
            "tree": _tree(self._drain.root_node),
        }

    @classmethod
    def from_json(cls, state: dict[str, Any], most: int) -> Miner:
        """The miner that ``to_json`` was called on."""
        miner = cls(most)
        miner._drain.clusters_counter = state["next"]
        for number, size, text, interval in state["clusters"]:
            cluster = LogCluster(text.split(" ") if text else [], number)
            cluster.size = size
            miner._drain.id_to_cluster[number] = cluster
            miner._seen[number] = interval
        miner._drain.root_node = _node(state["tree"])
        return miner


def _tree(node: Node) -> list[Any]:
    return [node.cluster_ids, {key: _tree(child) for key, child in node.key_to_child_node.items()}]


def _node(state: list[Any]) -> Node:
    node = Node()
    node.cluster_ids = list(state[0])
    node.key_to_child_node = {key: _node(child) for key, child in state[1].items()}
    return node
