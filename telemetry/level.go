package telemetry

import "log/slog"

// LogLevel says whether and at which level [Log] writes an event. Events whose
// level a definition can choose carry one, so that a busy channel is silenced
// where it is defined.
type LogLevel uint8

// The levels. LogDefault, the zero value, leaves the choice to
// the Levels of [LogConfig] and then to the event's documented default.
const (
	LogDefault LogLevel = iota
	LogOff
	LogDebug
	LogInfo
	LogWarn
	LogError
)

// or returns l unless it is LogDefault.
func (l LogLevel) or(other LogLevel) LogLevel {
	if l == LogDefault {
		return other
	}
	return l
}

// slog returns the level as log/slog knows it; ok is false if nothing is to be
// written.
func (l LogLevel) slog() (level slog.Level, ok bool) {
	switch l {
	case LogDebug:
		return slog.LevelDebug, true
	case LogInfo:
		return slog.LevelInfo, true
	case LogWarn:
		return slog.LevelWarn, true
	case LogError:
		return slog.LevelError, true
	default:
		return 0, false
	}
}
