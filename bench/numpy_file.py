"""Lets arrays of NumPy travel, by the file that `nestjs-pyro python numpy` prints."""
import pathlib
import subprocess

program = pathlib.Path(__file__).resolve().parents[1] / "dist" / "command-line" / "main.js"
printed = subprocess.run(["node", str(program), "python", "numpy"], check=True, capture_output=True, text=True)
exec(printed.stdout, {})
