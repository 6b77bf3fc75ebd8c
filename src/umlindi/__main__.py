from umlindi.cli import main

main()
