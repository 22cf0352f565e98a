"""The event-store explorer: open an event store, look at it, replay it, write to it, watch it live.

The map of the code. A part uses those above it here, never those below; pyproject.toml says so as contracts, which
import-linter checks.

Nouns and values
    model            Event, Stream, Snapshot, Domain …      errors: every expected failure
    payload          JSON text to exact values and back     json_state: states as JSON
    diff             what changed (applying: and back)      cancellation: how things stop early
    rows             what a read model's columns may hold, and rows while a projection works on them
    causation        what events say of their cause         descriptions: commands as plain data
    narration        events in the words of their domain
    resources        where fonts and icons are              settings: what is remembered
    notes            notes and bookmarks on events          pseudonyms: other values for those nobody else should see
    watching         what somebody watches                  keeping: what people keep beside a store, as files

Stores: the databases (`stores/`)
    store            the `Store` protocol and `StoreSpec`; `open_store()` of the package is in open
    address          what a URL means                       catalog: what tables there are
    layout           how tables read as events              layouts/: one file per known store; described: from TOML
    reader           the `Store` over any layout; it asks reading (rows → events), event_lists, stream_lists,
                     snapshot_lists (pages), writing (append) and own (what only our own store can do; making one)
    claims           named subscriptions: one owner, a checkpoint that moves with what is written; parking: events
                     that they have put aside; read_models: rows that move with a checkpoint, in tables of their own
    connection       what all that needs of a database: sqlite with sqlite_file (may it be opened?), postgres with
                     postgres_driver; translate, translate_postgres: drivers' errors become ours
    conformance      the checks behind the verb `check`, with walk and query_plans
    two_writes       a table of rows instead, for the story that shows what is lost then
    bulk             filling a new store at once            local_server: a PostgreSQL server for demo and tests
    bundled          streams in one file, opened as a store; bundling writes it

Domains: what folds and decides
    domains/         customers_orders, the example that every plug-in copies
    fold             running a reducer, whatever it raises  stepping: a step of plain JSON, in one pass
    replay           every state of one stream, and what changed
    writers          which events wrote to which path       blame: who wrote a value, also within lists
    expressions      what a watch looks at: a path or an expression that can do no harm; translation makes a function of
                     it, whose operations are in operations and exact (arithmetic)
    watches          how such a watch went over a stream: intervals, flips, what broke it
    branches         what if: a stream with some of its events edited (branch_rows: side by side)
    lockstep         such a branch, folded beside its stream
    given_when_then  a stream, or such a branch, as a pytest file
    violations       the streams of a category in which such a watch is false
    comparing        two streams aligned; the streams of a category under two versions of the code
    oddities         versions and times that are not as they should be
    plugins          finding domains                        command_fields: commands as data and back
    decision_map     which command would have been accepted when
    loading          the state that a command decides on    snapshots: taking and verifying them
    commands         load, decide, preview, commit          simulate: orders at a rate, as a load
    snapshot_plans   what a snapshot every N events would save and cost, as the streams of a store really are
    bundle           what of a store goes into such a file, and what is replaced in it

Following a store: nothing lost
    subscription     catch-up reading with a checkpoint; by position (catchup, holes), else by an overlap (overlap);
                     marks tell a store that was restored from a backup
    follow           going on for as long as somebody wants, through lost connections
    subscriber       a named subscription at work: of several instances one owns it (claiming); what it does about each
                     event (handling); events that cannot be handled are put aside (parking)
    policies         the services of a domain: their policies and projections, each run by a subscriber; several in one
                     service (together)
    projecting       events become rows of a read model     read_models: rebuilding one, and whether its rows are right

What led to what
    causality        the chain of causes and effects of an event, across streams
    sequence         such a chain laid out as a sequence diagram: lanes, lines, gaps, arrows
    mermaid          the diagram as text
    past             the row that a system without events would keep, and what only the events answer
    pattern          the steps that an event went through: command, load, decide, append, delivery, reaction

Processes
    engine/          where domain code runs for the window. Outside: lane (ask, cancel, replace), process, messages,
                     wire. Inside: child, turns, session; folding, rows, values, text, deciding, saving, telling,
                     viewing, branching, comparisons, watching_values, writing_history, bundling answer
    purity           does a reducer depend on state and event alone? watched_fold runs it where that is seen
    companion        a process that works beside ours       services: those of a domain, and the load, each in one
    demo             its store, and the services beside it
    story/           guided scripts for presenting: script (what they are made of), reading with toml_lines (from TOML,
                     every mistake with its line), crash (processes that really die)

What is started
    ui/              everything Qt. app starts it, window composes it (pages are tabs), workspace is the open store as
                     panels see it. A panel is a file, with its parts beside it: streams/ (streams_panel), stream/
                     (stream_tab), events/ (all_events, live_feed), commands/ (command_dock, append_dialog), branch/
                     (branch_page), compare/ (compare_page, code_page), snapshots/ (snapshots_dock), decisions/
                     (decisions_dock), notes/ (notes_dock, bundle_dialog), read_models/ (read_models_dock), pattern/
                     (pattern_page), start/ (first_page, open_dialog), problem/ (problem_page), subscriptions/
                     (subscriptions_dock), watches/ (watches_dock). story/ plays stories (story_mode, player, acting).
                     Below them: asking/ waits for
                     the window (worker, polling, lanes; serving: processes of services; watching: who has subscribed;
                     watched: what is watched), parts/ are widgets that know no store, look/ is how all of it looks
    cli/             the program without a window: arguments (with debugging_arguments and options), opening, output;
                     reading, branching, bundling, deciding, judging, noting, planning, watching, tailing, tracing,
                     writing, serving, subscriptions, views and simulating have the verbs, window starts the window
                     where display finds one
    selftest         does this installation work?
"""

__version__ = "0.1.0"
