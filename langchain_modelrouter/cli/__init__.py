"""The command line, `modelrouter`.

One command is one module of its name, and one line in `main.COMMANDS`. The module holds

- `EXAMPLES`: the lines that its `--help` ends with;
- `command(...)`: a function in typer's way, whose docstring is the help. It takes `config: ConfigOption = None`
  and, where it prints data, `json: JsonOption = False` (both of `options`), calls one function of the library and
  hands the result to `render`, which alone prints.

Modules are imported when their command runs, so that `modelrouter --help` stays fast: import what is heavy inside
of the module, never in `main`. A command raises what the library raises. `guard` prints a `ModelRouterError` as one
line per fault on stderr and ends with 2 for usage and configuration, 1 where the work failed.
"""
