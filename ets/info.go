package ets

import (
	"iter"
	"reflect"

	"github.com/bennu-go/bennu/proc"
)

// Info is what inspection shows of a table.
type Info struct {
	Name    string
	Kind    Kind
	Len     int           // keys, expired ones that are not swept yet included
	MaxSize int           // 0: no limit
	Bytes   int64         // estimated from some entries, without what pointers lead to
	Owner   *proc.Process // nil: none
	Expired int64         // entries removed because they had expired
	Evicted int64         // entries removed because the table was full
	Hits    int64         // Gets that found something; counted in bounded tables only
	Misses  int64         // and those that did not
}

// Info implements [Table].
func (t *table) Info() Info {
	i := Info{
		Name: t.cfg.Name, Kind: t.kind, Len: t.ops.Len(), MaxSize: t.cfg.MaxSize, Bytes: t.ops.memory(), Owner: t.Owner(),
		Expired: t.expired.Value(), Evicted: t.evicted.Value(),
	}
	if t.hits != nil {
		i.Hits, i.Misses = t.hits.Value(), t.misses.Value()
	}
	return i
}

// What a table needs for an entry besides key and value, in bytes: the entry, its place in the map or tree and, if it is bounded, what the policy keeps.
const (
	openOverhead    = 48
	boundedOverhead = 144
	orderedOverhead = 40
	cellOverhead    = 64
	sampled         = 64 // entries looked at
)

func (t *table) overhead(each int64) int64 {
	if t.cfg.MaxSize > 0 {
		return each + boundedOverhead - openOverhead
	}
	return each
}

func (k *keyed[K, V]) memory() int64 {
	return estimate(k.live(), func(e *entry[V]) any { return e.value }, k.Len(), k.overhead(openOverhead))
}

func (c *Counters[K]) memory() int64 {
	return estimate(c.All(), func(int64) any { return nil }, c.Len(), c.overhead(cellOverhead))
}

func (t *Ordered[K, V]) memory() int64 {
	return estimate(t.All(), func(v V) any { return v }, t.Len(), orderedOverhead)
}

// estimate multiplies the mean of some entries.
func estimate[K, E any](all iter.Seq2[K, E], value func(E) any, n int, overhead int64) int64 {
	var sum, seen int64
	for key, e := range all {
		sum += sizeOf(reflect.ValueOf(key)) + sizeOf(reflect.ValueOf(value(e))) + overhead
		if seen++; seen == sampled {
			break
		}
	}
	if seen == 0 {
		return 0
	}
	return sum * int64(n) / seen
}

// sizeOf is the size of a value with its own strings and slices. It follows no pointers, since what they lead to may be changed meanwhile.
func sizeOf(v reflect.Value) int64 {
	if !v.IsValid() {
		return 0
	}
	return int64(v.Type().Size()) + besides(v)
}

// besides is what a value holds outside of itself.
func besides(v reflect.Value) int64 {
	switch v.Kind() {
	case reflect.String:
		return int64(v.Len())
	case reflect.Slice:
		return int64(v.Cap()) * int64(v.Type().Elem().Size())
	case reflect.Map:
		return int64(v.Len()) * int64(v.Type().Key().Size()+v.Type().Elem().Size())
	case reflect.Pointer:
		if v.IsNil() {
			return 0
		}
		return int64(v.Type().Elem().Size())
	case reflect.Interface:
		return sizeOf(v.Elem())
	case reflect.Struct:
		var sum int64
		for i := range v.NumField() {
			sum += besides(v.Field(i))
		}
		return sum
	default:
		return 0
	}
}
