package cache

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/supervise"
	"github.com/bennu-go/bennu/telemetry"
)

// maxTold bounds the keys in one message, in bytes: adapters carry 100 KB at least.
const maxTold = 32 << 10

var (
	_ supervise.ReadyService = (*Cache[int, int])(nil)
	_ supervise.StopService  = (*Cache[int, int])(nil)
)

// AnnouncesReady implements [supervise.ReadyService]: some warmers come first.
func (c *Cache[K, V]) AnnouncesReady() {}

// StopWithin implements [supervise.StopService]: the tree below bounds it.
func (c *Cache[K, V]) StopWithin() time.Duration { return supervise.Infinity }

// Run empties the cache, then hears what other nodes invalidate and runs the warmers, until ctx ends. It is a tree of its own: when PubSub is restarted, the
// listener and the warmers are too.
func (c *Cache[K, V]) Run(ctx context.Context) error {
	var children []supervise.Child
	if c.cfg.PubSub == nil {
		c.clear()
	} else { // the listener does, once it hears
		children = append(children, supervise.Child{Name: "listener", Process: supervise.Server(c.listener())})
	}
	for _, w := range c.cfg.Warmers {
		children = append(children, supervise.Child{Name: w.Name, Service: &warmer[K, V]{c, w}, StartTimeout: w.Timeout + supervise.DefaultStartTimeout})
	}
	return supervise.New(supervise.Config{
		Name: "cache " + c.cfg.Name, Strategy: supervise.RestForOne,
		System: c.cfg.System, Logger: c.cfg.Logger, Telemetry: c.cfg.Telemetry,
	}, children...).Run(ctx)
}

// invalidation is what nodes tell each other.
type invalidation struct {
	From string   // id of the cache that says so
	All  bool     // every key
	Keys [][]byte // or these
}

func (c *Cache[K, V]) topic() pubsub.Topic[invalidation] {
	return pubsub.Topic[invalidation]("bennu:cache:" + c.cfg.Name)
}

func (c *Cache[K, V]) listener() proc.Server[struct{}] {
	return proc.Server[struct{}]{
		Name: "cache " + c.cfg.Name + " listener",
		Init: func(_ context.Context, s *proc.Self[struct{}]) error {
			// What is heard is done on the publisher's goroutine: the process has no mail that could be too much for it, but a life that ends when messages may be lost.
			if err := c.topic().SubscribeAs(c.cfg.PubSub, s.Process(), func(i invalidation) any { c.heard(i); return nil }); err != nil {
				return err
			}
			c.clear() // what was missed before
			return nil
		},
	}
}

func (c *Cache[K, V]) heard(i invalidation) {
	if i.From == c.id {
		return
	}
	all := i.All
	for _, text := range i.Keys {
		if key, ok := decodeKey[K](text); ok {
			c.forget(key)
		} else {
			all = true // of a version with other keys
		}
	}
	if all {
		c.clear()
	}
	c.counts.invalidated.Add(int64(max(len(i.Keys), 1)))
	telemetry.Emit(context.Background(), c.cfg.Telemetry, Invalidated{Cache: c.cfg.Name, Keys: len(i.Keys), All: all})
}

func (c *Cache[K, V]) tellClear() { c.tell(invalidation{All: true}) }

func (c *Cache[K, V]) tellKeys(keys ...K) {
	if c.cfg.PubSub == nil || len(keys) == 0 {
		return
	}
	var batch invalidation
	size := 0
	for _, key := range keys {
		text, ok := encodeKey(key)
		if !ok || len(text) > maxTold {
			c.tellClear()
			return
		}
		if size += len(text) + 8; size > maxTold && len(batch.Keys) > 0 {
			c.tell(batch)
			batch, size = invalidation{}, len(text)+8
		}
		batch.Keys = append(batch.Keys, text)
	}
	c.tell(batch)
}

func (c *Cache[K, V]) tell(i invalidation) {
	if c.cfg.PubSub == nil {
		return
	}
	i.From = c.id
	if err := c.topic().Broadcast(c.cfg.PubSub, i); err != nil {
		c.cfg.Logger.LogAttrs(context.Background(), slog.LevelError, "cache: other nodes could not be told what is invalid", slog.String("cache", c.cfg.Name), slog.Any("error", err))
	}
}

// encodeKey returns key as it travels; ok is false if it would not arrive as it is.
func encodeKey[K comparable](key K) (text []byte, ok bool) {
	if s, isString := any(key).(string); isString {
		return []byte(s), true // JSON would change what is no UTF-8
	}
	text, err := json.Marshal(key)
	if err != nil {
		return nil, false
	}
	back, ok := decodeKey[K](text)
	return text, ok && back == key
}

func decodeKey[K comparable](text []byte) (key K, ok bool) {
	if s, isString := any(&key).(*string); isString {
		*s = string(text)
		return key, true
	}
	return key, json.Unmarshal(text, &key) == nil
}
