package channeltest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/channel"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/transport"
)

// Config of an App. The zero value works.
type Config struct {
	// System holds the channels. Nil means PubSub's, or one of the App's own. One that is given is not closed.
	System *proc.System
	// PubSub carries the broadcasts: give the one that the application's contexts publish to. Nil means one of the App's own, with Strict set. Set Strict in
	// yours too.
	PubSub *pubsub.PubSub
	// Connect is how the socket is mounted: origins, subprotocols, serializers. Zero values as there, except that auth tokens are always delivered.
	Connect transport.ConnectConfig
	// Logger for what the application's processes log. Nil means the test's own output.
	Logger *slog.Logger
	// Telemetry that the socket emits to. Nil means one of the App's own.
	Telemetry *telemetry.Telemetry
	// Timeout of a Want and length of a Refute, outside of synctest bubbles only. Zero means 100 ms.
	Timeout time.Duration
}

// An App is a user socket under test.
type App struct {
	t         testing.TB
	cfg       Config
	env       transport.Env
	socket    transport.Socket
	bubble    bool // the test runs in virtual time
	ownSystem bool

	mu      sync.Mutex // guards the fields below, and what clients and observers have got
	news    chan struct{}
	clients []*Client
	crashes map[string]error // last reason by label, for messages
}

// Start mounts a socket, usually a [channel.UserSocket], for the duration of a test. A socket that cannot be mounted fails the test.
func Start(t testing.TB, socket transport.Definition) *App {
	t.Helper()
	return StartWith(t, socket, Config{})
}

// StartWith is Start with a say in what the socket stands on.
func StartWith(t testing.TB, socket transport.Definition, cfg Config) *App {
	t.Helper()
	a := &App{t: t, bubble: inBubble(), news: make(chan struct{}), crashes: make(map[string]error)}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 100 * time.Millisecond
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if cfg.Telemetry == nil {
		cfg.Telemetry = telemetry.New(telemetry.Config{Logger: cfg.Logger})
	}
	telemetry.Attach(cfg.Telemetry, a.crashed)
	if cfg.System == nil && cfg.PubSub != nil {
		cfg.System = cfg.PubSub.System()
	}
	if cfg.System == nil {
		a.ownSystem = true
		cfg.System = proc.NewSystem(proc.Config{Logger: cfg.Logger, Telemetry: cfg.Telemetry})
	}
	if cfg.PubSub == nil {
		cfg.PubSub = pubsub.New(pubsub.Config{System: cfg.System, Strict: true, Logger: cfg.Logger, Telemetry: cfg.Telemetry})
	}
	a.cfg = cfg
	shards := transport.NewShards(2, cfg.PubSub, func(stack []byte, v any) { t.Errorf("channeltest: panic in a shard: %v\n%s", v, stack) })
	a.env = transport.Env{System: cfg.System, PubSub: cfg.PubSub, Shards: shards, Logger: cfg.Logger, Telemetry: cfg.Telemetry}
	t.Cleanup(a.close)
	var err error
	if a.socket, err = socket.NewSocket(a.env); err != nil {
		t.Fatalf("channeltest: mounting the socket: %v", err)
	}
	return a
}

// inBubble finds out in the one way that there is.
func inBubble() (in bool) {
	defer func() {
		if recover() != nil {
			in = false
		}
	}()
	synctest.Wait()
	return true
}

// System returns the System of the channels.
func (a *App) System() *proc.System { return a.cfg.System }

// PubSub returns the PubSub of the channels.
func (a *App) PubSub() *pubsub.PubSub { return a.cfg.PubSub }

// Broadcast sends an event to all that joined topic, as a context of the application does.
func (a *App) Broadcast(topic, event string, payload any) {
	a.t.Helper()
	if err := channel.Broadcast(a.cfg.PubSub, topic, event, payload); err != nil {
		a.t.Fatalf("channeltest: broadcasting: %v", err)
	}
}

// BroadcastFrom sends an event to all that joined j's topic but j.
func (a *App) BroadcastFrom(j *Channel, event string, payload any) {
	a.t.Helper()
	if err := channel.BroadcastFrom(a.cfg.PubSub, j.Process(), j.topic, event, payload); err != nil {
		a.t.Fatalf("channeltest: broadcasting: %v", err)
	}
}

// Disconnect ends all clients that have this socket id.
func (a *App) Disconnect(id string) {
	a.t.Helper()
	if err := channel.Disconnect(a.cfg.PubSub, id); err != nil {
		a.t.Fatalf("channeltest: disconnecting: %v", err)
	}
}

// Drain tells all clients that the server is about to end, which they see as close code 1012.
func (a *App) Drain() {
	for _, c := range a.all() {
		c.session.Drain()
		c.conn.Close(transport.CloseRestart, "")
	}
}

func (a *App) all() []*Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]*Client(nil), a.clients...)
}

// arrived wakes who waits for something to come. Called with mu held.
func (a *App) arrivedLocked() {
	close(a.news)
	a.news = make(chan struct{})
}

// await waits until found, which is called with mu held, is true, or until it will not be any more.
func (a *App) await(found func() bool) bool {
	if a.bubble {
		synctest.Wait()
		a.mu.Lock()
		defer a.mu.Unlock()
		return found()
	}
	late := time.NewTimer(a.cfg.Timeout)
	defer late.Stop()
	for {
		a.mu.Lock()
		ok, news := found(), a.news
		a.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-news:
		case <-late.C:
			a.mu.Lock()
			defer a.mu.Unlock()
			return found()
		}
	}
}

// settle waits as long as a Refute does.
func (a *App) settle() {
	if a.bubble {
		synctest.Wait()
		return
	}
	a.await(func() bool { return false })
}

func (a *App) crashed(_ context.Context, e telemetry.ProcessCrashed) {
	reason := e.Reason
	if len(e.Stack) > 0 {
		reason = fmt.Errorf("%w\n%s", reason, bytes.TrimSpace(e.Stack))
	}
	a.mu.Lock()
	a.crashes[e.Process] = reason
	a.mu.Unlock()
}

// close is the end of the test.
func (a *App) close() {
	if a.bubble {
		synctest.Wait() // what the test did last has its effect
	}
	var channels []channel.Info
	for _, c := range a.all() {
		channels = append(channels, channel.ChannelsOf(c.session)...)
		c.Close()
	}
	for _, ch := range channels {
		a.awaitEnd(ch)
	}
	if a.ownSystem {
		a.cfg.System.Close()
	}
	for _, err := range a.cfg.PubSub.Mutated() {
		a.t.Error(err)
	}
	if a.t.Failed() {
		return
	}
	for _, c := range a.all() {
		c.reportCrashes()
	}
}

const endTimeout = 3 * time.Second

func (a *App) awaitEnd(ch channel.Info) {
	ended := make(chan struct{})
	stop := ch.Process.Watch(func(error) { close(ended) })
	defer stop()
	late := time.NewTimer(endTimeout)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		a.t.Errorf("channeltest: the channel on %q has not ended %v after its client went away: a callback does not look at its context\n%s", ch.Topic, endTimeout, ch.Process.Stack())
	}
}
