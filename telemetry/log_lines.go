package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// attach attaches a handler for every event that has a line here. Crashes and
// abandoned callbacks have theirs where they happen.
func (w *lineWriter) attach(t *Telemetry) []func() {
	return []func(){
		Attach(t, w.endpointStarted),
		Attach(t, w.requestStart),
		Attach(t, w.requestStop),
		Attach(t, w.routeStart),
		Attach(t, w.routeException),
		Attach(t, w.errorRendered),
		Attach(t, w.socketConnected),
		Attach(t, w.socketDisconnected),
		Attach(t, w.socketDrain),
		Attach(t, w.slowClient),
		Attach(t, w.requestRefused),
		Attach(t, w.rateLimited),
		Attach(t, w.channelJoined),
		Attach(t, w.channelHandledIn),
		Attach(t, w.channelExited),
		Attach(t, w.mailboxOverflow),
		Attach(t, w.presenceReplica),
		Attach(t, w.fetchFailed),
	}
}

func (w *lineWriter) endpointStarted(ctx context.Context, e EndpointStarted) {
	if level, ok := w.begin(ctx, e.EventName(), e.Endpoint, LogDefault, LogInfo); ok {
		name := e.Endpoint
		if name == "" {
			name = "endpoint"
		}
		w.write(ctx, level, fmt.Sprintf("Access %s at %s", show(name), show(e.URL)))
	}
}

func (w *lineWriter) requestStart(ctx context.Context, e RequestStart) {
	if level, ok := w.begin(ctx, e.EventName(), e.Path, e.Log, LogInfo); ok {
		w.write(ctx, level, show(e.Method)+" "+show(e.Path), text(nil, "request_id", e.RequestID)...)
	}
}

func (w *lineWriter) requestStop(ctx context.Context, e RequestStop) {
	if level, ok := w.begin(ctx, e.EventName(), e.Path, e.Log, LogInfo); ok {
		verb := "Sent"
		if e.Chunked {
			verb = "Chunked"
		}
		w.write(ctx, level, fmt.Sprintf("%s %d in %s", verb, e.Status, took(e.Duration)),
			text(nil, "request_id", e.RequestID)...)
	}
}

func (w *lineWriter) routeStart(ctx context.Context, e RouteStart) {
	if level, ok := w.begin(ctx, e.EventName(), e.Route, e.Log, LogDebug); ok {
		attrs := w.paramMap(text(nil, "route", e.Route), e.Params)
		attrs = append(attrs, slog.String("pipelines", strings.Join(e.Pipelines, " ")))
		w.write(ctx, level, "Processing with "+show(e.Action), attrs...)
	}
}

func (w *lineWriter) routeException(ctx context.Context, e RouteException) {
	if level, ok := w.begin(ctx, e.EventName(), e.Route, LogDefault, LogError); ok {
		attrs := reason([]slog.Attr{slog.String("route", e.Route)}, "reason", e.Reason)
		w.write(ctx, level,
			fmt.Sprintf("PANICKED %s %s in %s", show(e.Method), show(e.Action), took(e.Duration)), w.stack(attrs, e.Stack)...)
	}
}

func (w *lineWriter) errorRendered(ctx context.Context, e ErrorRendered) {
	def := LogDebug
	if e.Status >= 500 {
		def = LogError
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", e.Reason), "*")
	if level, ok := w.begin(ctx, e.EventName(), kind, e.Log, def); ok {
		attrs := reason([]slog.Attr{slog.String("method", e.Method), slog.String("path", cut(e.Path, maxName))}, "reason", e.Reason)
		w.write(ctx, level, fmt.Sprintf("Converted error %s to %d response", show(kind), e.Status), w.stack(attrs, e.Stack)...)
	}
}

func (w *lineWriter) socketConnected(ctx context.Context, e SocketConnected) {
	level, ok := w.begin(ctx, e.EventName(), e.Socket, e.Log, LogInfo)
	if !ok {
		return
	}
	verb := "CONNECTED TO"
	if e.Err != nil {
		verb = "REFUSED CONNECTION TO"
	}
	attrs := []slog.Attr{slog.String("transport", e.Transport), slog.String("vsn", cut(e.Vsn, maxName))}
	attrs = reason(w.paramMap(attrs, e.Params), "error", e.Err)
	w.write(ctx, level, fmt.Sprintf("%s %s in %s", verb, show(e.Socket), took(e.Duration)), attrs...)
}

func (w *lineWriter) socketDisconnected(ctx context.Context, e SocketDisconnected) {
	if level, ok := w.begin(ctx, e.EventName(), e.Socket, LogDefault, LogDebug); ok {
		attrs := text([]slog.Attr{slog.String("transport", e.Transport)}, "id", cut(e.ID, maxName))
		attrs = text(append(attrs, slog.Int("code", e.Code)), "reason", cut(e.Reason, maxName))
		w.write(ctx, level,
			fmt.Sprintf("DISCONNECTED FROM %s after %s", show(e.Socket), e.Duration.Round(time.Millisecond)), attrs...)
	}
}

func (w *lineWriter) socketDrain(ctx context.Context, e SocketDrain) {
	if level, ok := w.begin(ctx, e.EventName(), e.Socket, e.Log, LogInfo); ok {
		w.write(ctx, level, fmt.Sprintf("DRAINING %d of %d total connection(s) for socket %s every %s - round %d of %d",
			e.Count, e.Total, show(e.Socket), millis(e.Interval), e.Index, e.Rounds))
	}
}

func (w *lineWriter) slowClient(ctx context.Context, e SlowClient) {
	if level, ok := w.begin(ctx, e.EventName(), e.Socket, LogDefault, LogWarn); ok {
		attrs := text([]slog.Attr{slog.String("transport", e.Transport)}, "id", cut(e.ID, maxName))
		attrs = append(attrs, slog.Int("queued", e.Queued), slog.Int("limit", e.Limit))
		w.write(ctx, level, "CLOSED SLOW CLIENT OF "+show(e.Socket), attrs...)
	}
}

func (w *lineWriter) requestRefused(ctx context.Context, e RequestRefused) {
	if level, ok := w.begin(ctx, e.EventName(), e.Socket, LogDefault, LogWarn); ok {
		w.write(ctx, level, fmt.Sprintf("REFUSED REQUEST TO %s with %d", show(e.Socket), e.Status),
			slog.String("reason", cut(e.Reason, maxName)))
	}
}

func (w *lineWriter) rateLimited(ctx context.Context, e RateLimited) {
	if level, ok := w.begin(ctx, e.EventName(), e.Scope, LogDefault, LogDebug); ok {
		w.write(ctx, level, fmt.Sprintf("LIMITED %s ON %s", show(e.Event), show(e.Topic)),
			text([]slog.Attr{slog.String("scope", e.Scope)}, "id", cut(e.ID, maxName))...)
	}
}

func (w *lineWriter) channelJoined(ctx context.Context, e ChannelJoined) {
	if ownTopic(e.Topic) {
		return
	}
	level, ok := w.begin(ctx, e.EventName(), e.Channel, e.Log, LogInfo)
	if !ok {
		return
	}
	verb := "JOINED"
	if e.Err != nil || e.Status == "error" {
		verb = "REFUSED JOIN"
	}
	attrs := reason(w.params(text(nil, "channel", e.Channel), e.Params), "error", e.Err)
	w.write(ctx, level, fmt.Sprintf("%s %s in %s", verb, show(e.Topic), took(e.Duration)), attrs...)
}

func (w *lineWriter) channelHandledIn(ctx context.Context, e ChannelHandledIn) {
	if ownTopic(e.Topic) {
		return
	}
	if level, ok := w.begin(ctx, e.EventName(), e.Channel, e.Log, LogDebug); ok {
		w.write(ctx, level, fmt.Sprintf("HANDLED %s INCOMING ON %s (%s) in %s",
			show(e.Event), show(e.Topic), show(e.Channel), took(e.Duration)), w.params(nil, e.Params)...)
	}
}

func (w *lineWriter) channelExited(ctx context.Context, e ChannelExited) {
	if ownTopic(e.Topic) {
		return
	}
	if level, ok := w.begin(ctx, e.EventName(), e.Channel, LogDefault, LogDebug); ok {
		w.write(ctx, level, fmt.Sprintf("EXITED %s (%s)", show(e.Topic), show(e.Channel)),
			reason(nil, "reason", e.Reason)...)
	}
}

func (w *lineWriter) mailboxOverflow(ctx context.Context, e MailboxOverflow) {
	if level, ok := w.begin(ctx, e.EventName(), e.Process, LogDefault, LogWarn); ok {
		w.write(ctx, level, "MAILBOX FULL OF "+show(e.Process),
			slog.Uint64("id", e.ID), slog.Int("limit", e.Limit))
	}
}

func (w *lineWriter) presenceReplica(ctx context.Context, e PresenceReplica) {
	if level, ok := w.begin(ctx, e.EventName(), e.Replica, LogDefault, LogInfo); ok {
		w.write(ctx, level, fmt.Sprintf("REPLICA %s IS %s", show(e.Replica), show(e.State)))
	}
}

func (w *lineWriter) fetchFailed(ctx context.Context, e FetchFailed) {
	if level, ok := w.begin(ctx, e.EventName(), e.Presence, LogDefault, LogError); ok {
		attrs := []slog.Attr{slog.String("topic", cut(e.Topic, maxName)), slog.Int("keys", e.Keys)}
		w.write(ctx, level, fmt.Sprintf("PRESENCE FETCH FAILED %s in %s", show(e.Presence), took(e.Duration)),
			reason(attrs, "error", e.Err)...)
	}
}

// ownTopic reports whether a topic belongs to the protocol itself.
func ownTopic(topic string) bool { return strings.HasPrefix(topic, "phoenix") }
