package session

import (
	"context"
	"errors"
	"sync"
	"time"
)

// MemoryTable is the [Table] in the memory of this process: its sessions end with it, and other nodes do not see them. It grows with the number of
// sessions that have not expired. Make one with [NewMemoryTable].
type MemoryTable struct {
	mu   sync.RWMutex // guards rows
	rows map[string]Row
}

var _ Table = (*MemoryTable)(nil)

// NewMemoryTable returns an empty MemoryTable.
func NewMemoryTable() *MemoryTable { return &MemoryTable{rows: map[string]Row{}} }

// Load implements [Table].
func (t *MemoryTable) Load(_ context.Context, id string) (Row, bool, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	row, found := t.rows[id]
	return row, found, nil
}

// Insert implements [Table].
func (t *MemoryTable) Insert(_ context.Context, row Row) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, found := t.rows[row.ID]; found {
		return errors.New("session: a row with this id is there already")
	}
	t.rows[row.ID] = row
	return nil
}

// Update implements [Table].
func (t *MemoryTable) Update(_ context.Context, row Row) (bool, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, found := t.rows[row.ID]
	if found {
		t.rows[row.ID] = row
	}
	return found, nil
}

// Delete implements [Table].
func (t *MemoryTable) Delete(_ context.Context, id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, id)
	return nil
}

// DeleteExpired implements [Table].
func (t *MemoryTable) DeleteExpired(_ context.Context, now time.Time) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for id, row := range t.rows {
		if !row.Expires.After(now) {
			delete(t.rows, id)
			n++
		}
	}
	return n, nil
}

// Len is the number of sessions, expired ones that were not swept yet included.
func (t *MemoryTable) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.rows)
}
