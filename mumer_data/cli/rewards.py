"""The verb `rewards`: score completions in a file, serve rewards to a trainer, plot those of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mumer_data.cli.options import AsJson

if TYPE_CHECKING:
    from mumer_data.rewards.weighted import WeightedReward

app = typer.Typer()
rewards_app = typer.Typer(help="Score, serve and plot rewards for reinforcement learning.", no_args_is_help=True)
app.add_typer(rewards_app, name="rewards")
Config = Annotated[
    Path | None,
    typer.Option(help="YAML file with 'rewards:' (NAME: WEIGHT) and 'normalize:'. Default: built-in weights."),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--reward", help="Use this reward with weight 1, without a file. Repeat for several."),
]


@rewards_app.command(epilog="Example: mumer rewards score predictions.json --reward exact --reward rating")
def score(
    predictions: Annotated[
        Path, typer.Argument(help="Prediction file: JSON, JSON lines or Parquet with img_id, gt, pred.")
    ],
    config: Config = None,
    reward: Names = None,
    out: Annotated[Path | None, typer.Option(help="Write the rewards of every row to this JSON-lines file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score the predictions of a file: mean of each reward and of their weighted sum."""
    from mumer_data.jobs.score import score_file

    result = score_file(predictions, _reward(config, reward), out)
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    for name, figures in {**result["rewards"], "total": result["total"]}.items():
        mean = "-" if figures["mean"] is None else f"{figures['mean']:.4f}"
        print(f"{name:16} {mean:>8}   {figures['n']:,} of {result['n']:,} rows")
    print(result["signature"])


@rewards_app.command(epilog="Example: mumer rewards serve --config rewards.yaml --port 8765")
def serve(
    config: Config = None,
    reward: Names = None,
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 for any free port.")] = 8765,
) -> None:
    """Serve rewards over HTTP on the loopback interface: POST /score with completions and labels as JSON."""
    from mumer_data.rewards.server import reward_server

    weighted = _reward(config, reward)
    with reward_server(weighted, host, port) as server:
        print(f"serving on http://{host}:{server.server_address[1]}/score\n{weighted.signature}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("stopped")


@rewards_app.command(epilog="Example: mumer rewards plot out/grpo/log.jsonl --out reward.png")
def plot(
    logs: Annotated[list[Path], typer.Argument(help="File log.jsonl of a run of `mumer train --method grpo|dpo`.")],
    out: Annotated[Path, typer.Option(help="Output PNG file.")],
    figure: Annotated[
        list[str] | None,
        typer.Option(help="Figure of the log, e.g. reward/exact. Repeat for several. Default: reward, or margin."),
    ] = None,
) -> None:
    """Plot the mean reward per update of one or more runs."""
    from mumer_data.report.reward_plot import plot_rewards

    print(plot_rewards(logs, out, figure or None))


def _reward(config: Path | None, names: list[str] | None) -> WeightedReward:
    from mumer_data.rewards.weighted import WeightedReward, load_rewards

    if config is not None and names:
        raise typer.BadParameter("pass either --config or --reward", param_hint="--reward")
    if config is not None:
        return load_rewards(config)
    return WeightedReward(dict.fromkeys(names, 1.0)) if names else WeightedReward()
