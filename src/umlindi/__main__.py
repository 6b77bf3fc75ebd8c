from umlindi.cli import main

main(prog_name="umlindi")
