package rendered

import (
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/bennu-go/bennu/internal/codec"
)

// A Mirror merges messages as a client does: for tests, which so see the page that a user would. The zero value waits for
// the first message.
type Mirror struct {
	root       object
	components map[int]object
	streams    []Changes
}

// An object is a node, a list or a row, by the names of the wire.
type object = map[string]any

// Apply merges a message and returns what rode in it beside the tree; the reply and payloads are decoded JSON.
func (m *Mirror) Apply(message []byte) (Extras, error) {
	var diff object
	if err := codec.Unmarshal(message, &diff); err != nil {
		return Extras{}, fmt.Errorf("rendered: %w", err)
	}
	x := takeExtras(diff)
	components, _ := diff["c"].(object)
	delete(diff, "c")
	templates, _ := diff["p"].(object)
	delete(diff, "p")
	if err := resolve(diff, templates); err != nil {
		return Extras{}, err
	}
	if m.root == nil || diff["s"] != nil {
		if diff["s"] == nil {
			return Extras{}, fmt.Errorf("rendered: the first message has no statics: %.200s", message)
		}
		m.root, m.components = diff, map[int]object{}
	} else if err := merge(m.root, diff); err != nil {
		return Extras{}, err
	}
	return x, m.applyComponents(components)
}

// Prune forgets components: what the client does once the server has forgotten them.
func (m *Mirror) Prune(cids ...int) {
	for _, cid := range cids {
		delete(m.components, cid)
	}
}

// HTML is the page as it is now. Of streams it has the rows that have come since the last call, which then are forgotten;
// [Mirror.Streams] says what is to be done with them.
func (m *Mirror) HTML() (string, error) {
	m.streams = nil
	if m.root == nil {
		return "", fmt.Errorf("rendered: no message has come")
	}
	var out strings.Builder
	err := m.write(&out, m.root, map[int]bool{})
	return out.String(), err
}

// Streams are the changes of the streams in the last [Mirror.HTML], in the order of the document.
func (m *Mirror) Streams() []Changes { return m.streams }

func takeExtras(diff object) Extras {
	x := Extras{Reply: diff["r"]}
	x.Title, _ = diff["t"].(string)
	events, _ := diff["e"].([]any)
	for _, e := range events {
		fields, _ := e.([]any)
		if len(fields) < 2 {
			continue
		}
		name, _ := fields[0].(string)
		x.Events = append(x.Events, Event{Name: name, Payload: fields[1], Before: len(fields) > 2})
	}
	delete(diff, "r")
	delete(diff, "t")
	delete(diff, "e")
	return x
}

// resolve puts statics in the place of their numbers. A list may bring its own, if nothing around it has.
func resolve(o object, templates object) error {
	if own, ok := o["p"].(object); ok {
		if templates == nil {
			templates = own
		}
		delete(o, "p")
	}
	if n, ok := o["s"].(float64); ok {
		statics, ok := templates[strconv.Itoa(int(n))].([]any)
		if !ok {
			return fmt.Errorf("rendered: statics %v are not in the message", n)
		}
		o["s"] = statics
	}
	for name, v := range o {
		switch v := v.(type) {
		case object:
			if err := resolve(v, templates); err != nil {
				return err
			}
		case []any: // a row that moved and changed
			if name == "s" || name == "stream" || len(v) != 2 {
				continue
			}
			if row, ok := v[1].(object); ok {
				if err := resolve(row, templates); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func merge(target, source object) error {
	if rows, ok := source["k"].(object); ok {
		return mergeRows(target, source, rows)
	}
	for name, v := range source {
		if diff, ok := v.(object); ok && diff["s"] == nil {
			old, ok := target[name].(object)
			if !ok {
				return fmt.Errorf("rendered: slot %s changes within, but was no block", name)
			}
			if err := merge(old, diff); err != nil {
				return err
			}
			continue
		}
		target[name] = v
	}
	return nil
}

func mergeRows(target, source, rows object) error {
	old, ok := target["k"].(object)
	if !ok {
		return fmt.Errorf("rendered: rows come for what is no list")
	}
	count, ok := rows["kc"].(float64)
	if !ok {
		return fmt.Errorf("rendered: a list comes without its number of rows")
	}
	var before object // rows that move are taken from here, since their places may be overwritten
	if rows["km"] == true {
		before, _ = clone(old).(object)
	}
	for i, entry := range rows {
		if i == "kc" || i == "km" {
			continue
		}
		from, diff := i, object{}
		switch entry := entry.(type) {
		case float64:
			from = strconv.Itoa(int(entry))
		case []any:
			if len(entry) != 2 {
				return fmt.Errorf("rendered: row %s is neither a row nor a move", i)
			}
			n, _ := entry[0].(float64)
			from = strconv.Itoa(int(n))
			diff, _ = entry[1].(object)
		case object:
			row, ok := old[i].(object)
			if !ok {
				row = object{}
				old[i] = row
			}
			if err := merge(row, entry); err != nil {
				return err
			}
			continue
		}
		row, ok := before[from].(object)
		if !ok {
			return fmt.Errorf("rendered: row %s comes from %s, which is not there or not announced", i, from)
		}
		old[i] = row
		if err := merge(row, diff); err != nil {
			return err
		}
	}
	maps.DeleteFunc(old, func(i string, _ any) bool {
		n, err := strconv.Atoi(i)
		return err == nil && float64(n) >= count
	})
	old["kc"] = count
	if stream := source["stream"]; stream != nil {
		target["stream"] = stream
	}
	return nil
}

// applyComponents merges components. One may take the tree of another: as this message leaves it if the number is
// positive, as it was before if it is negative.
func (m *Mirror) applyComponents(components object) error {
	done, begun := map[int]object{}, map[int]bool{}
	var find func(cid int) (object, error)
	find = func(cid int) (object, error) {
		if o := done[cid]; o != nil {
			return o, nil
		}
		diff, ok := components[strconv.Itoa(cid)].(object)
		if !ok {
			return nil, fmt.Errorf("rendered: component %d is not in the message", cid)
		}
		if begun[cid] {
			return nil, fmt.Errorf("rendered: component %d takes its own tree", cid)
		}
		begun[cid] = true
		base := m.components[cid]
		if from, shares := diff["s"].(float64); shares {
			delete(diff, "s")
			base = m.components[int(-from)]
			if from > 0 {
				var err error
				if base, err = find(int(from)); err != nil {
					return nil, err
				}
			}
		}
		if err := resolve(diff, nil); err != nil {
			return nil, err
		}
		if diff["s"] != nil {
			done[cid] = diff
			return diff, nil
		}
		if base == nil {
			return nil, fmt.Errorf("rendered: component %d comes without statics", cid)
		}
		merged, _ := clone(base).(object)
		done[cid] = merged
		return merged, merge(merged, diff)
	}
	for name := range components {
		cid, err := strconv.Atoi(name)
		if err != nil {
			return fmt.Errorf("rendered: the component %q has no number", name)
		}
		if _, err := find(cid); err != nil {
			return err
		}
	}
	maps.Copy(m.components, done)
	return nil
}

// write appends a node or list; above are the components around it.
func (m *Mirror) write(out *strings.Builder, o object, above map[int]bool) error {
	statics, _ := o["s"].([]any)
	rows, isList := o["k"].(object)
	if !isList {
		return m.writeSlots(out, statics, o, above)
	}
	count, _ := rows["kc"].(float64)
	if int(count) >= len(rows)+1 {
		return fmt.Errorf("rendered: a list has %v rows and shows %d", len(rows)-1, int(count))
	}
	for i := range int(count) {
		row, _ := rows[strconv.Itoa(i)].(object)
		if err := m.writeSlots(out, statics, row, above); err != nil {
			return err
		}
	}
	if stream, ok := o["stream"].([]any); ok {
		m.streams = append(m.streams, changesOf(stream))
		delete(o, "stream")
		o["k"] = object{"kc": 0.0}
	}
	return nil
}

func (m *Mirror) writeSlots(out *strings.Builder, statics []any, slots object, above map[int]bool) error {
	for i, s := range statics {
		text, _ := s.(string)
		out.WriteString(text)
		if i == len(statics)-1 {
			break
		}
		switch v := slots[strconv.Itoa(i)].(type) {
		case string:
			out.WriteString(v)
		case object:
			if err := m.write(out, v, above); err != nil {
				return err
			}
		case float64:
			cid := int(v)
			c := m.components[cid]
			if c == nil || above[cid] {
				return fmt.Errorf("rendered: a slot shows component %d, which is missing or contains itself", cid)
			}
			above[cid] = true
			if err := m.write(out, c, above); err != nil {
				return err
			}
			delete(above, cid)
		default:
			return fmt.Errorf("rendered: slot %d holds %v", i, v)
		}
	}
	return nil
}

// changesOf reads the member stream: ref, inserts, deletes, and a fourth element for a reset.
func changesOf(stream []any) Changes {
	c := Changes{Reset: len(stream) > 3}
	if len(stream) < 3 {
		return c
	}
	c.Ref, _ = stream[0].(string)
	inserts, _ := stream[1].([]any)
	for _, v := range inserts {
		f, _ := v.([]any)
		if len(f) < 4 {
			continue
		}
		at, _ := f[1].(float64)
		limit, _ := f[2].(float64)
		insert := Insert{At: int(at), Limit: int(limit)}
		insert.ID, _ = f[0].(string)
		insert.UpdateOnly, _ = f[3].(bool)
		c.Inserts = append(c.Inserts, insert)
	}
	deletes, _ := stream[2].([]any)
	for _, v := range deletes {
		id, _ := v.(string)
		c.Deletes = append(c.Deletes, id)
	}
	return c
}

func clone(v any) any {
	o, ok := v.(object)
	if !ok {
		return v
	}
	copied := make(object, len(o))
	for name, v := range o {
		copied[name] = clone(v)
	}
	return copied
}
