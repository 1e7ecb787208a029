package session

import (
	"context"
	"errors"
	"time"
)

// ErrGone is what writing to a session says that its store no longer has.
var ErrGone = errors.New("session: dropped, renewed or expired meanwhile")

// A Row is a session as a [Table] keeps it.
type Row struct {
	ID      string    // 64 hexadecimal digits, the SHA-256 of the key in the browser's cookie
	Data    []byte    // the session in Erlang's external term format
	Expires time.Time // whole seconds, UTC
}

// A Table is where a [ServerStore] keeps its sessions: a table of a database with the columns of [Row], the first of them the primary key and
// the last indexed, or a [MemoryTable]. Its methods may be called from any goroutine.
type Table interface {
	// Load returns the row with that id, expired or not; found is false if there is none.
	Load(ctx context.Context, id string) (row Row, found bool, err error)

	// Insert adds a row. A row with that id is an error.
	Insert(ctx context.Context, row Row) error

	// Update replaces data and expiry of the row with that id; found is false, and nothing has happened, if there is none. It must not insert: a
	// request that is still running would bring back a session that another has ended.
	Update(ctx context.Context, row Row) (found bool, err error)

	// Delete removes the row with that id. There may be none.
	Delete(ctx context.Context, id string) error

	// DeleteExpired removes rows that expire at now or before, and returns how many.
	DeleteExpired(ctx context.Context, now time.Time) (int, error)
}
