"""Push weights to the Hugging Face Hub, or the page of this checkout to a Space.

python -m gan.hub push WEIGHTS user/name [--private]
python -m gan.hub deploy user/space [--model user/name] [--static]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from gan import UserError, expand_home, hub, show_anything
from gan.cards import generator as generator_card
from gan.hub import spaces
from gan.hub_name import hub_name
from gan.model import weights
from gan.model.config import CONFIG, config_errors, names_local_paths, write_config
from gan.web.build import build


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gan.hub", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    pushing = commands.add_parser("push", help="put a weights folder into a model repo, as one commit")
    pushing.add_argument("folder", type=Path, help="the weights folder, say runs/faces/weights")
    pushing.add_argument("repo_id", help="user/name, or a name alone for one of yours; created if it does not exist")
    pushing.add_argument("--private", action="store_true", help="when the repo is created, make it private")
    deploying = commands.add_parser("deploy", help="put the page of this checkout into a Space")
    deploying.add_argument("repo_id", help="the Space, user/name or a name alone; created if it does not exist")
    deploying.add_argument(
        "--model", default="", help="user/name[@revision] of weights on the Hub; default: the embedded ones"
    )
    deploying.add_argument(
        "--static", action="store_true", help="the page that needs no server: free, without API and verdicts"
    )
    given = parser.parse_args(expand_home(sys.argv[1:]))
    given.repo_id = hub_name(given.repo_id)
    if given.command == "deploy":
        deploy = deploy_static if given.static else spaces.deploy
        print(f"Deployed to {deploy(given.repo_id, hub_name(given.model))}")
        return
    loaded = weights.load(given.folder)  # damaged weights are not pushed
    folder = loaded.folder
    if names_local_paths(folder):
        write_config(folder, loaded.config)
        generator_card.save(folder, loaded.config, loaded.generator_id)
        print(f"Local paths in {folder} were shortened to the last name.")
    with config_errors(folder / CONFIG):
        message = hub.describe(loaded.config)
    repo_id = hub.prepare(given.repo_id, given.private)
    commit = hub.push(folder, repo_id, message)
    print(f"Pushed {folder} to {repo_id} as commit {commit[:8]}, tag g-{loaded.generator_id}.")


def deploy_static(repo_id: str, model: str) -> str:
    """Build the page that needs no server, put it into a static Space, and return its address."""
    with tempfile.TemporaryDirectory() as page:
        build(Path(page), [model] if model else [])
        return spaces.deploy_static(repo_id, Path(page))


if __name__ == "__main__":
    show_anything()
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
    except KeyboardInterrupt:
        sys.exit("Stopped: whether the Hub has all of it is not known; run the same command again.")
