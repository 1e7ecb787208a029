package session

import (
	"context"
	"errors"
	"time"

	"github.com/bennu-go/bennu/ets"
)

// MemoryTable is the [Table] in the memory of this process: its sessions end with it, and other nodes do not see them. It grows with the number of
// sessions that have not expired. Make one with [NewMemoryTable].
type MemoryTable struct{ rows *ets.Set[string, Row] }

var _ Table = (*MemoryTable)(nil)

// NewMemoryTable returns an empty MemoryTable.
func NewMemoryTable() *MemoryTable {
	return &MemoryTable{ets.NewSet[string, Row](ets.Config{Name: "sessions"})}
}

// Load implements [Table].
func (t *MemoryTable) Load(_ context.Context, id string) (Row, bool, error) {
	row, found := t.rows.Get(id)
	return row, found, nil
}

// Insert implements [Table].
func (t *MemoryTable) Insert(_ context.Context, row Row) error {
	if !t.rows.InsertNew(row.ID, row) {
		return errors.New("session: a row with this id is there already")
	}
	return nil
}

// Update implements [Table].
func (t *MemoryTable) Update(_ context.Context, row Row) (bool, error) {
	_, found := t.rows.Update(row.ID, func(_ Row, found bool) (Row, bool) { return row, found })
	return found, nil
}

// Delete implements [Table].
func (t *MemoryTable) Delete(_ context.Context, id string) error {
	t.rows.Delete(id)
	return nil
}

// DeleteExpired implements [Table].
func (t *MemoryTable) DeleteExpired(_ context.Context, now time.Time) (int, error) {
	return t.rows.DeleteFunc(func(_ string, row Row) bool { return !row.Expires.After(now) }), nil
}

// Len is the number of sessions, expired ones that were not swept yet included.
func (t *MemoryTable) Len() int { return t.rows.Len() }
