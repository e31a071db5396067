"""Help of every command, by its words; written by `python -m meshery.cli.generate`."""

HELP = {
    "": """\
Usage: mesheryctl [OPTIONS] COMMAND [ARGS]...

  One management plane for every service mesh.

  mesheryctl NOUN VERB [NAME] [flags]. Start with: mesheryctl demo

Options:
  --server URL       Address of the Meshery server.
  --context NAME     A server named in config.yaml.
  --config PATH      Another config.yaml with contexts.
  --token-file PATH  File with the server's token.
  -v, --verbose      Tell more, traces of faults included.
  --no-color         No colours (NO_COLOR does the same).
  -y, --yes          Answer every question with yes.
  -h, --help         Show this message and exit.

Nouns:
  demo        The main job, end to end, on this machine.
  system      Meshery itself: its server, settings and logs.
  sandbox     The mesh on this machine.
  perf        Load, latency, and what a mesh costs.
  operation   Long work: list, watch, cancel.
  event       What happened, and what is happening.
  version     The version of this program.
  completion  Completion for your shell.

  Every list and view takes -o table|json|yaml|name. Durations are Go durations:
  500ms, 10s, 1h30m. Exit codes: 0 done, 1 failed or partial, 2 usage, 3 server
  not reachable, 4 findings or thresholds violated, 5 timed out, 130 cancelled.
""",
    "demo": """\
Usage: mesheryctl demo [OPTIONS]

  Start a mesh here, measure what it costs, prove what it does.

Options:
  --sandbox TEXT                  Bundled sandbox to start.  [default: shop]
  --rate FLOAT                    Requests per second of each arm.  [default:
                                  1000.0]
  --duration DURATION             Length of the measurement.  [default: 10s]
  --function-duration DURATION    Length of each function's measurement.
                                  [default: 5s]
  --timeout DURATION              Give up after.  [default: 5m]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system": """\
Usage: mesheryctl system [OPTIONS] COMMAND [ARGS]...

  Meshery itself: its server, settings and logs.

Options:
  -h, --help  Show this message and exit.

Commands:
  check      Look for what would keep Meshery from working here.
  dashboard  Open the web pages.
  logs       Print the log of a component: server (default), worker, nats, ...
  reset      Stop the server and delete what it stored; settings, contexts...
  restart    Stop the server, and start it again; sandboxes are restored.
  settings   Show every setting with its value, where that came from, and...
  start      Start the server of this home in the background.
  status     Show the server and the state of its parts.
  stop       Stop the server and everything it runs on this machine.
""",
    "system check": """\
Usage: mesheryctl system check [OPTIONS]

  Look for what would keep Meshery from working here. Exit 4 when something
  would.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system dashboard": """\
Usage: mesheryctl system dashboard [OPTIONS]

  Open the web pages. The link logs a browser in; it works once, within a
  minute.

Options:
  --skip-browser                  Print the link only.
  --path TEXT                     Page to open.  [default: /]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system logs": """\
Usage: mesheryctl system logs [OPTIONS] [COMPONENT]

  Print the log of a component: server (default), worker, nats, ...

Options:
  -f, --follow         Go on with new lines until Ctrl-C.
  -n, --lines INTEGER  Lines from the end.  [default: 200]
  -h, --help           Show this message and exit.
""",
    "system reset": """\
Usage: mesheryctl system reset [OPTIONS]

  Stop the server and delete what it stored; settings, contexts and keys stay.

Options:
  -h, --help  Show this message and exit.
""",
    "system restart": """\
Usage: mesheryctl system restart [OPTIONS]

  Stop the server, and start it again; sandboxes are restored.

Options:
  --timeout DURATION  [default: 60s]
  -h, --help          Show this message and exit.
""",
    "system settings": """\
Usage: mesheryctl system settings [OPTIONS]

  Show every setting with its value, where that came from, and what it means.

Options:
  --from-server                   As the running server read them.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system start": """\
Usage: mesheryctl system start [OPTIONS]

  Start the server of this home in the background.

Options:
  --timeout DURATION              [default: 60s]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system status": """\
Usage: mesheryctl system status [OPTIONS]

  Show the server and the state of its parts. Exit 3 when it does not answer.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "system stop": """\
Usage: mesheryctl system stop [OPTIONS]

  Stop the server and everything it runs on this machine.

Options:
  --timeout DURATION  [default: 20s]
  -h, --help          Show this message and exit.
""",
    "version": """\
Usage: mesheryctl version [OPTIONS]

  The version of this program.

Options:
  --with-server                   Ask the server for its version too.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    "completion": """\
Usage: mesheryctl completion [OPTIONS] {bash|zsh|fish|powershell}

  Print the completion script of a shell.

  \\b bash        eval "$(mesheryctl completion bash)" zsh         eval
  "$(mesheryctl completion zsh)" fish        mesheryctl completion fish | source
  powershell  mesheryctl completion powershell | Out-String | Invoke-Expression

Options:
  -h, --help  Show this message and exit.
""",
}
