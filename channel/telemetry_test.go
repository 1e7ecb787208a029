package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/channeltest"
	"github.com/bennu-go/bennu/telemetry"
)

// tell writes events down.
func tell(e telemetry.Event) string {
	why := func(err error) string {
		if err == nil {
			return "-"
		}
		first, _, _ := strings.Cut(err.Error(), "\n")
		return first
	}
	switch e := e.(type) {
	case telemetry.SocketConnected:
		return fmt.Sprintf("connected %s %s %s", e.Socket, e.Transport, e.Vsn)
	case telemetry.ChannelJoined:
		return fmt.Sprintf("joined %s %s %s %s %v: %s", e.Channel, e.Topic, e.Params, e.Status, e.Duration, why(e.Err))
	case telemetry.ChannelHandledIn:
		return fmt.Sprintf("handled %s %s %s %s %s %v", e.Channel, e.Topic, e.Event, e.Ref, e.Params, e.Duration)
	case telemetry.ChannelPush:
		return fmt.Sprintf("push %s %s %d", e.Topic, e.Event, e.Bytes)
	case telemetry.Broadcast:
		return fmt.Sprintf("broadcast %s %s %d %v", e.Topic, e.Event, e.Bytes, e.From)
	case telemetry.ChannelExited:
		return fmt.Sprintf("exited %s %s: %s", e.Channel, e.Topic, why(e.Reason))
	case telemetry.ProcessCrashed:
		return fmt.Sprintf("crashed %s: %s", e.Process, why(e.Reason))
	case telemetry.RateLimited:
		return fmt.Sprintf("limited %s %s %s %s", e.Scope, e.Topic, e.Event, e.ID)
	case telemetry.MailboxOverflow:
		return fmt.Sprintf("overflow %s %d", e.Process, e.Limit)
	case telemetry.CallbackAbandoned:
		return fmt.Sprintf("abandoned %s %v", e.Process, e.After)
	}
	return fmt.Sprintf("%T", e)
}

func TestTelemetry(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(c *channeltest.Client)
		want []string
	}{
		"join, handle, push, leave": {func(c *channeltest.Client) {
			j := c.TryJoin("room:a", map[string]any{"Slow": 5})
			time.Sleep(5 * time.Millisecond)
			j.WantReply("ok", nil)
			j.Push("push", map[string]any{"x": 1})
			j.Push("sleep", 7)
			time.Sleep(time.Second)
			j.Leave().WantReply("ok", nil)
		}, []string{
			`joined room room:a {"Slow":5} ok 5ms: -`,
			`push room:a pushed 7`,
			`handled room room:a push "2" {"x":1} 0s`,
			`handled room room:a sleep "3" 7 7ms`,
			`push room:a bye 2`,
			`exited room room:a: -`,
		}},
		"refused": {func(c *channeltest.Client) { c.TryJoin("room:a", map[string]any{"Say": "no"}) },
			[]string{`joined room room:a {"Say":"no"} error 0s: channel: unauthorized`}},
		"join that panics": {func(c *channeltest.Client) { c.TryJoin("room:a", map[string]any{"Say": "panic"}) },
			[]string{`crashed channel room room:a: panic: in join`}},
		"join that fails": {func(c *channeltest.Client) { c.TryJoin("room:a", map[string]any{"Say": "error"}) },
			[]string{`joined room room:a {"Say":"error"} error 0s: unexpected`, `crashed channel room room:a: unexpected`}},
		"join that is cancelled": {func(c *channeltest.Client) {
			c.TryJoin("room:a", map[string]any{"Slow": 1000})
			synctest.Wait()
			c.Drop()
		}, []string{`joined room room:a {"Slow":1000} error 0s: context canceled`}},
		"crash": {func(c *channeltest.Client) {
			j := c.Join("room:a", nil)
			j.Push("crash", nil)
			j.WantError()
		}, []string{`joined room room:a {} ok 0s: -`, `push room:a bye 2`, `crashed channel room room:a: panic: crash`, `exited room room:a: panic: crash`}},
		"lost connection": {func(c *channeltest.Client) {
			c.Join("room:a", nil)
			c.Drop()
		}, []string{`joined room room:a {} ok 0s: -`, `push room:a bye 2`, `exited room room:a: shutdown: transport_error`}},
		"broadcast": {func(c *channeltest.Client) { c.Join("room:a", nil).Push("others", map[string]any{"x": 1}) },
			[]string{`joined room room:a {} ok 0s: -`, `broadcast room:a shout 7 true`, `handled room room:a others "2" {"x":1} 0s`}},
		"limited": {func(c *channeltest.Client) {
			j := c.Join("room:a", nil)
			for range 3 {
				j.Push("limited", nil)
			}
		}, []string{`joined room room:a {} ok 0s: -`, `handled room room:a limited "2" {} 0s`, `handled room room:a limited "3" {} 0s`, `limited channel room:a limited users:ada`}},
		"overloaded": {func(c *channeltest.Client) {
			j := c.Join("small:a", nil)
			j.Push("sleep", 1000)
			synctest.Wait()
			for range 3 {
				j.Push("sleep", 0)
			}
			time.Sleep(time.Second)
		}, []string{`joined small small:a {} ok 0s: -`, `overflow channel small small:a 2`, `handled small small:a sleep "2" 1000 1s`,
			`handled small small:a sleep "3" 0 0s`, `handled small small:a sleep "4" 0 0s`}},
		"stuck": {func(c *channeltest.Client) {
			c.Join("room:a", nil).Push("deaf", 7000)
			synctest.Wait()
			c.TryJoin("room:a", nil)
			time.Sleep(10 * time.Second)
		}, []string{`joined room room:a {} ok 0s: -`, `abandoned channel room room:a 5s`, `joined room room:a {} ok 0s: -`, `push room:a awake 2`,
			`handled room room:a deaf "2" 7000 7s`, `push room:a bye 2`, `exited room room:a: shutdown: duplicate_join`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				tele := telemetry.New(telemetry.Config{})
				tele.AttachAll(func(_ context.Context, e telemetry.Event) {
					mu.Lock()
					defer mu.Unlock()
					got = append(got, tell(e))
				})
				app := channeltest.StartWith(t, testSocket("", &notes{}), channeltest.Config{Telemetry: tele, Logger: slog.New(slog.DiscardHandler)})
				client := app.Connect(map[string]any{"id": "ada"})
				c.do(client)
				synctest.Wait()
				mu.Lock()
				now := slices.Clone(got)
				mu.Unlock()
				want := append([]string{"connected test websocket 2.0.0"}, c.want...)
				if diff := cmp.Diff(want, now); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		})
	}
}

// lineCounter counts lines by their text.
type lineCounter struct {
	mu    sync.Mutex // guards lines
	lines map[string]int
	last  slog.Record
}

func (l *lineCounter) Enabled(context.Context, slog.Level) bool { return true }
func (l *lineCounter) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *lineCounter) WithGroup(string) slog.Handler            { return l }
func (l *lineCounter) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = make(map[string]int)
	}
	l.lines[r.Message]++
	l.last = r.Clone()
	return nil
}

func TestClientsCannotFloodTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := &lineCounter{}
		app := channeltest.StartWith(t, testSocket("two", &notes{}), channeltest.Config{Logger: slog.New(lines)})
		c := app.Connect(nil)
		c.Join("room:1", nil)
		c.Join("room:2", nil)
		for range 100 {
			c.TryJoin("nope", nil)
			c.TryJoin("room:3", nil)
		}
		const unmatched, many = "channel: a client joined a topic that no pattern matches", "channel: a client joined too many topics"
		if lines.lines[unmatched] != 10 || lines.lines[many] != 10 {
			t.Errorf("lines: %v", lines.lines)
		}
		time.Sleep(2 * time.Minute)
		c.TryJoin("nope", nil)
		suppressed := errors.New("not said")
		lines.last.Attrs(func(a slog.Attr) bool {
			if a.Key == "suppressed" && a.Value.Int64() == 90 {
				suppressed = nil
			}
			return true
		})
		if lines.lines[unmatched] != 11 || suppressed != nil {
			t.Errorf("lines: %v; how many were left out is %v", lines.lines, suppressed)
		}
	})
}
