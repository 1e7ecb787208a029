package cache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/proc"
)

// A shop reads products from a slow table. All who ask for one that is not there wait for the same query.
func Example_products() {
	sys := proc.NewSystem(proc.Config{})
	defer sys.Close()

	queries := 0
	products := cache.New(cache.Config[string, string]{
		Name: "products", System: sys,
		TTL:          10 * time.Minute,
		StaleIfError: time.Hour,
		MaxSize:      10_000,
		Load: func(_ context.Context, sku string) (string, error) {
			queries++
			if sku != "sku-1" {
				return "", cache.ErrNotFound
			}
			return "a lamp", nil
		},
	})

	ctx := context.Background()
	var visitors sync.WaitGroup
	for range 100 {
		visitors.Go(func() { products.GetOrLoad(ctx, "sku-1") })
	}
	visitors.Wait()
	product, err := products.GetOrLoad(ctx, "sku-1")
	fmt.Println(product, err, queries)

	_, err = products.GetOrLoad(ctx, "sku-2")
	fmt.Println(errors.Is(err, cache.ErrNotFound))

	// After the change is committed:
	products.Delete("sku-1")
	fmt.Println(products.Len())
	// Output:
	// a lamp <nil> 1
	// true
	// 0
}
