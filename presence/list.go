package presence

import "weak"

// cached is a topic's listing as long as somebody holds it: a crowd that joins at once shares one, and what nobody needs costs nothing.
type cached struct{ weak.Pointer[snapshot] }

// list returns who is in a topic.
func (s *shard) list(name string) *snapshot {
	t := s.listedLocked(name, nil)
	if t == nil {
		return nil
	}
	defer s.mu.Unlock()
	return s.snapshot(t)
}

// getByKey returns who is in a topic under a key.
func (s *shard) getByKey(name, key string) *group {
	t := s.listedLocked(name, &key)
	if t == nil {
		return nil
	}
	defer s.mu.Unlock()
	rows := s.set.State().GetByKey(name, key)
	if len(rows) == 0 {
		return nil
	}
	g := &group{key: key, fields: t.fields.of(key)}
	for i := range rows {
		g.metas = append(g.metas, rows[i].Meta)
	}
	return g
}

// listedLocked returns a topic that is about to be shown, with what Fetch says of it (of one key, if key is not nil), and with mu held. Of a topic that is
// not there it returns nil, and mu is not held.
func (s *shard) listedLocked(name string, key *string) *topic {
	s.mu.Lock()
	t := s.topics[name]
	if t == nil || s.closed {
		s.mu.Unlock()
		return nil
	}
	if s.life.cfg.Fetch != nil {
		if w := s.missing(t, key); w != nil {
			s.mu.Unlock()
			w.fetch(s.life.ctx)
			s.mu.Lock()
			s.keep(w, false)
			if t = s.topics[name]; t == nil {
				s.mu.Unlock()
				return nil
			}
		}
	}
	t.pending.listed()
	return t
}

// snapshot returns the topic as it is.
func (s *shard) snapshot(t *topic) *snapshot {
	if snap := t.cached.Value(); snap != nil {
		return snap
	}
	snap := groupBy(s.set.State().Count(t.name), func(yield func(item) bool) {
		for row := range s.set.State().Topic(t.name) {
			if !yield(item{row.Key, row.Meta}) {
				return
			}
		}
	}, t.fields.of)
	if snap != nil {
		t.cached = cached{weak.Make(snap)}
	}
	return snap
}
