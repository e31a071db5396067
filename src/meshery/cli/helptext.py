"""Help of every command, by its words; written by `python -m meshery.cli.generate`."""

HELP = {
    '': """\
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
    'demo': """\
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
    'system': """\
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
    'system check': """\
Usage: mesheryctl system check [OPTIONS]

  Look for what would keep Meshery from working here. Exit 4 when something
  would.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'system dashboard': """\
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
    'system logs': """\
Usage: mesheryctl system logs [OPTIONS] [COMPONENT]

  Print the log of a component: server (default), worker, nats, ...

Options:
  -f, --follow         Go on with new lines until Ctrl-C.
  -n, --lines INTEGER  Lines from the end.  [default: 200]
  -h, --help           Show this message and exit.
""",
    'system reset': """\
Usage: mesheryctl system reset [OPTIONS]

  Stop the server and delete what it stored; settings, contexts and keys stay.

Options:
  -h, --help  Show this message and exit.
""",
    'system restart': """\
Usage: mesheryctl system restart [OPTIONS]

  Stop the server, and start it again; sandboxes are restored.

Options:
  --timeout DURATION  [default: 60s]
  -h, --help          Show this message and exit.
""",
    'system settings': """\
Usage: mesheryctl system settings [OPTIONS]

  Show every setting with its value, where that came from, and what it means.

Options:
  --from-server                   As the running server read them.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'system start': """\
Usage: mesheryctl system start [OPTIONS]

  Start the server of this home in the background.

Options:
  --timeout DURATION              [default: 60s]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'system status': """\
Usage: mesheryctl system status [OPTIONS]

  Show the server and the state of its parts. Exit 3 when it does not answer.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'system stop': """\
Usage: mesheryctl system stop [OPTIONS]

  Stop the server and everything it runs on this machine.

Options:
  --timeout DURATION  [default: 20s]
  -h, --help          Show this message and exit.
""",
    'sandbox': """\
Usage: mesheryctl sandbox [OPTIONS] COMMAND [ARGS]...

  The mesh on this machine.

Options:
  -h, --help  Show this message and exit.

Commands:
  apply    Apply behaviours from a file, or one of KIND on the service...
  down     Stop the sandbox NAME (the only one by default) and forget it.
  list     Show all sandboxes and how they are.
  logs     Show what INSTANCE (such as web-v1-0) wrote.
  request  Send one request to SERVICE as its callers do, and show the answer.
  status   Show the instances, addresses and behaviours of NAME (the only...
  undo     Undo BEHAVIOURS by name.
  up       Start the bundled sandbox NAME (learn, shop, bookinfo), or that...
""",
    'sandbox apply': """\
Usage: mesheryctl sandbox apply [OPTIONS] [KIND TARGET]

  Apply behaviours from a file, or one of KIND on the service TARGET from flags.

  sandbox apply split api --weights v1=90,v2=10
  sandbox apply fault api --delay 100ms --percent 50
  sandbox apply access api --deny web
  sandbox apply -f behaviours.yaml

Options:
  -f, --file TEXT                 Behaviours in a file (- for stdin).
  --sandbox TEXT                  Which sandbox; the only one by default.
  --name TEXT                     Name of the behaviour; KIND-TARGET else.
  --source TEXT                   Only for requests from this service.
  --weights TEXT                  split: shares by version, such as v1=90,v2=10.
  --delay TEXT                    fault: how long to wait, such as 100ms.
  --abort INTEGER                 fault: the status to answer instead.
  --percent FLOAT                 fault, mirror: share of requests.
  --attempts INTEGER              retry: retries after the first try.
  --request TEXT                  timeout: of the whole request, such as 500ms.
  --header TEXT                   split, fault, route: match NAME=VALUE.
  --path TEXT                     split, fault, route: match a prefix of the
                                  path.
  --to TEXT                       route, mirror: the version.
  --allow TEXT                    access: let only this service in.
  --deny TEXT                     access: keep this service out.
  --mode TEXT                     mtls: strict, permissive or off.
  --requests INTEGER              ratelimit: how many requests.
  --per TEXT                      ratelimit: second, minute or hour.
  --dry-run                       Show what would change, and change nothing.
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox down': """\
Usage: mesheryctl sandbox down [OPTIONS] [NAME]

  Stop the sandbox NAME (the only one by default) and forget it.

Options:
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox list': """\
Usage: mesheryctl sandbox list [OPTIONS]

  Show all sandboxes and how they are.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox logs': """\
Usage: mesheryctl sandbox logs [OPTIONS] INSTANCE

  Show what INSTANCE (such as web-v1-0) wrote.

Options:
  --sandbox TEXT         Which sandbox; the only one by default.
  --part [app|proxy]     [default: proxy]
  --lines INTEGER RANGE  [default: 100; 1<=x<=10000]
  -h, --help             Show this message and exit.
""",
    'sandbox request': """\
Usage: mesheryctl sandbox request [OPTIONS] SERVICE [PATH]

  Send one request to SERVICE as its callers do, and show the answer.

Options:
  --sandbox TEXT                  Which sandbox; the only one by default.
  -X, --method TEXT               HTTP method.  [default: GET]
  -H, --header NAME:VALUE         May be repeated.
  -d, --body TEXT                 Body of the request.
  --from TEXT                     The calling service; chosen by default.
  --direct                        To the application, off the mesh.
  --timeout DURATION              [default: 15s]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox status': """\
Usage: mesheryctl sandbox status [OPTIONS] [NAME]

  Show the instances, addresses and behaviours of NAME (the only one by
  default).

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox undo': """\
Usage: mesheryctl sandbox undo [OPTIONS] [BEHAVIOURS]...

  Undo BEHAVIOURS by name.

Options:
  --sandbox TEXT                  Which sandbox; the only one by default.
  --all                           Undo all behaviours.
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'sandbox up': """\
Usage: mesheryctl sandbox up [OPTIONS] [NAME]

  Start the bundled sandbox NAME (learn, shop, bookinfo), or that of a file.

  A file is given with -f, or as a path in the place of NAME.

Options:
  -f, --file TEXT                 A Sandbox in a file (- for stdin).
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf': """\
Usage: mesheryctl perf [OPTIONS] COMMAND [ARGS]...

  What a mesh costs: profiles, runs, results, comparisons.

Options:
  -h, --help  Show this message and exit.

Commands:
  apply      Run a stored PROFILE, the profile of a file, or a quick load...
  compare    Compare the results BASE and OTHER, by id.
  export     Write a result as JSON, CSV (seconds or percentiles), or...
  functions  Measure what FUNCTIONs cost (all by default): mtls, access,...
  profile    Stored descriptions of load: list, view, apply, delete.
  result     What runs measured: list, view, export, delete.
  run        Measure what the mesh adds on one hop of a sandbox: off, on...
  view       Show a result, by id.
""",
    'perf apply': """\
Usage: mesheryctl perf apply [OPTIONS] [PROFILE]

  Run a stored PROFILE, the profile of a file, or a quick load on one address.

  A target outside of our sandboxes needs a yes, or --yes in scripts. Exit 4
  when thresholds of the profile are violated.

Options:
  --url TEXT                      Address for a quick run without a profile.
  --name TEXT                     Name of the result.
  -f, --file TEXT                 Profile file (YAML or JSON, - for stdin).
  --qps FLOAT                     Requests per second; 0 as fast as answered.
  --concurrent-requests INTEGER   Open connections.
  --duration TEXT                 Length, such as 30s or 1h30m.
  --load-generator TEXT           Who injects; native is ours.
  -b, --body TEXT                 Body of each request of a quick run.
  -H, --header NAME:VALUE         May be repeated.
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf compare': """\
Usage: mesheryctl perf compare [OPTIONS] BASE OTHER

  Compare the results BASE and OTHER, by id.

Options:
  --force                         Compare although the environments differ.
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf export': """\
Usage: mesheryctl perf export [OPTIONS] ID

  Write a result as JSON, CSV (seconds or percentiles), or HdrHistogram log.

Options:
  --form [json|csv|csv-percentiles|hdr]
                                  [default: json]
  -f, --file TEXT                 Where to write; - is standard output.
  -h, --help                      Show this message and exit.
""",
    'perf functions': """\
Usage: mesheryctl perf functions [OPTIONS] [FUNCTION]...

  Measure what FUNCTIONs cost (all by default): mtls, access, route, retries,
  ratelimit.

Options:
  --sandbox TEXT                  Sandbox to measure.  [default: shop]
  --from TEXT                     Calling service.  [default: web]
  --to TEXT                       Called service.  [default: api]
  --rate FLOAT                    Per arm.  [default: 500.0]
  --duration DURATION             Each.  [default: 5s]
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf profile': """\
Usage: mesheryctl perf profile [OPTIONS] COMMAND [ARGS]...

  Stored descriptions of load: list, view, apply, delete.

Options:
  -h, --help  Show this message and exit.

Commands:
  apply   Store the profile of a file; one of the same name is replaced.
  delete  Delete a profile; its results stay.
  list    List profiles.
  view    Show a profile, by name or id.
""",
    'perf profile apply': """\
Usage: mesheryctl perf profile apply [OPTIONS]

  Store the profile of a file; one of the same name is replaced.

Options:
  -f, --file TEXT                 YAML or JSON; - for standard input.
                                  [required]
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf profile delete': """\
Usage: mesheryctl perf profile delete [OPTIONS] NAME

  Delete a profile; its results stay.

Options:
  -h, --help  Show this message and exit.
""",
    'perf profile list': """\
Usage: mesheryctl perf profile list [OPTIONS]

  List profiles.

Options:
  --page INTEGER RANGE            [default: 1; x>=1]
  --page-size INTEGER RANGE       [default: 25; 1<=x<=500]
  --order TEXT                    Field to order by; - before it descends.
  --search TEXT                   Only what contains this text.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf profile view': """\
Usage: mesheryctl perf profile view [OPTIONS] NAME

  Show a profile, by name or id.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf result': """\
Usage: mesheryctl perf result [OPTIONS] COMMAND [ARGS]...

  What runs measured: list, view, export, delete.

Options:
  -h, --help  Show this message and exit.

Commands:
  delete  Delete a result with its histograms.
  export  Write a result as JSON, CSV (seconds or percentiles), or...
  list    List results, newest first.
  view    Show a result, by id.
""",
    'perf result delete': """\
Usage: mesheryctl perf result delete [OPTIONS] ID

  Delete a result with its histograms.

Options:
  -h, --help  Show this message and exit.
""",
    'perf result export': """\
Usage: mesheryctl perf result export [OPTIONS] ID

  Write a result as JSON, CSV (seconds or percentiles), or HdrHistogram log.

Options:
  --form [json|csv|csv-percentiles|hdr]
                                  [default: json]
  -f, --file TEXT                 Where to write; - is standard output.
  -h, --help                      Show this message and exit.
""",
    'perf result list': """\
Usage: mesheryctl perf result list [OPTIONS]

  List results, newest first.

Options:
  --kind [load|overhead|functions]
  --sandbox TEXT                  Results of this sandbox.
  --page INTEGER RANGE            [default: 1; x>=1]
  --page-size INTEGER RANGE       [default: 25; 1<=x<=500]
  --order TEXT                    Field to order by; - before it descends.
  --search TEXT                   Only what contains this text.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf result view': """\
Usage: mesheryctl perf result view [OPTIONS] ID

  Show a result, by id.

Options:
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf run': """\
Usage: mesheryctl perf run [OPTIONS]

  Measure what the mesh adds on one hop of a sandbox: off, on and off again,
  interleaved.

Options:
  --sandbox TEXT                  Sandbox to measure.  [default: shop]
  --from TEXT                     Calling service.  [default: web]
  --to TEXT                       Called service.  [default: api]
  --rate FLOAT                    Per arm.  [default: 1000.0]
  --duration DURATION             [default: 10s]
  --connections INTEGER           Per arm.  [default: 16]
  --keep-rate                     Do not lower the rate where it is too high.
  --name TEXT                     Name of the result.
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'perf view': """\
Usage: mesheryctl perf view [OPTIONS] ID

  Show a result, by id.

Options:
  -o, --output [table|json|yaml|name|markdown]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'operation': """\
Usage: mesheryctl operation [OPTIONS] COMMAND [ARGS]...

  Long work: list, view, watch, cancel.

Options:
  -h, --help  Show this message and exit.

Commands:
  cancel  Cancel an operation and its children, and wait until they have...
  list    List operations, newest first.
  view    Show one operation: its steps, result and error.
  watch   Follow an operation to its end; fails when it does.
""",
    'operation cancel': """\
Usage: mesheryctl operation cancel [OPTIONS] ID

  Cancel an operation and its children, and wait until they have stopped.

Options:
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'operation list': """\
Usage: mesheryctl operation list [OPTIONS]

  List operations, newest first.

Options:
  --state [queued|running|waiting|cancelling|succeeded|partial|failed|cancelled|interrupted]
                                  May be repeated.
  --kind TEXT                     Such as sandbox.up.
  --parent TEXT                   Children of this operation.
  --page INTEGER RANGE            [default: 1; x>=1]
  --page-size INTEGER RANGE       [default: 25; 1<=x<=500]
  --order TEXT                    Field to order by; - before it descends.
  --search TEXT                   Only what contains this text.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'operation view': """\
Usage: mesheryctl operation view [OPTIONS] ID

  Show one operation: its steps, result and error.

Options:
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'operation watch': """\
Usage: mesheryctl operation watch [OPTIONS] ID

  Follow an operation to its end; fails when it does.

Options:
  --wait / --no-wait              Follow the operation, or print it and return.
  --timeout DURATION              Stop waiting after this long (exit 5); the
                                  operation goes on.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'event': """\
Usage: mesheryctl event [OPTIONS] COMMAND [ARGS]...

  What happened, and what is happening.

Options:
  -h, --help  Show this message and exit.

Commands:
  list   List events, newest first.
  watch  Print events as they come, until Ctrl-C.
""",
    'event list': """\
Usage: mesheryctl event list [OPTIONS]

  List events, newest first.

Options:
  --severity [debug|info|warning|error]
                                  May be repeated.
  --operation TEXT                Events of this operation.
  --page INTEGER RANGE            [default: 1; x>=1]
  --page-size INTEGER RANGE       [default: 25; 1<=x<=500]
  --order TEXT                    Field to order by; - before it descends.
  --search TEXT                   Only what contains this text.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'event watch': """\
Usage: mesheryctl event watch [OPTIONS]

  Print events as they come, until Ctrl-C. With -o json each line is one
  document.

Options:
  --severity [debug|info|warning|error]
                                  May be repeated.
  --operation TEXT                Events of this operation.
  --after TEXT                    Begin after this place in the stream (an
                                  event's seq).
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'version': """\
Usage: mesheryctl version [OPTIONS]

  The version of this program.

Options:
  --with-server                   Ask the server for its version too.
  -o, --output [table|json|yaml|name]
                                  Form of the result on standard output.
                                  [default: table]
  -h, --help                      Show this message and exit.
""",
    'completion': """\
Usage: mesheryctl completion [OPTIONS] {bash|zsh|fish|powershell}

  Print the completion script of a shell.

  \\b bash        eval "$(mesheryctl completion bash)" zsh         eval
  "$(mesheryctl completion zsh)" fish        mesheryctl completion fish | source
  powershell  mesheryctl completion powershell | Out-String | Invoke-Expression

Options:
  -h, --help  Show this message and exit.
""",
}
