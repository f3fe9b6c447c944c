"""`make bench`: prints the table, writes results/latest.json and results/latency.svg beside it."""

import asyncio
import sys

from benchmarks import growth, node_peer, servers
from benchmarks.campaign import Campaign
from benchmarks.options import Options, read_options
from benchmarks.plot import plot_latency
from benchmarks.report import remarks, table, versions, write_json
from benchmarks.world import World


async def compare(options: Options) -> str:
    """Measures, writes the files, and answers what is to be printed."""
    async with World() as world:
        campaign = Campaign(world, options)
        results = await campaign.run()
        found = versions(world.version(), node_peer.version() if campaign.peer else "")
        failures = campaign.peer.failures() if campaign.peer else ""
    write_json(results, options, found, options.results / "latest.json")
    (options.results / "latency.svg").write_text(plot_latency(results))
    ran = ", ".join(f"{name} {value}" for name, value in found.items())
    told = "\n".join(f"- {line}" for line in [*remarks(results, failures), f"ran: {ran}"])
    return f"{table(results)}\n\n{told}\n"


def main() -> int:
    """Exit code 0 when everything was measured, whatever the figures are."""
    options = read_options()
    try:
        measure = growth.measure if options.growth else servers.measure if options.servers else compare
        sys.stdout.write(asyncio.run(measure(options)))
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
