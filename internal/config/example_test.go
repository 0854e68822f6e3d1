// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"fmt"
	"time"

	"github.com/behalf-id/behalf/internal/config"
)

// A setting keeps its default until the file or the environment sets it; a misspelt one is an error.
func ExampleLoadFrom() {
	cfg := struct {
		Listen string        `yaml:"listen"`
		MaxAge time.Duration `yaml:"max-age"`
	}{Listen: "127.0.0.1:8443"}
	err := config.LoadFrom("", "gateway", []string{"BEHALF_GATEWAY_MAX_AGE=5m"}, &cfg)
	fmt.Println(cfg.Listen, cfg.MaxAge, err)
	err = config.LoadFrom("", "gateway", []string{"BEHALF_GATEWAY_LISTN=:1"}, &cfg)
	fmt.Println(err)
	// Output:
	// 127.0.0.1:8443 5m0s <nil>
	// cli.config: BEHALF_GATEWAY_LISTN: unknown setting (did you mean "BEHALF_GATEWAY_LISTEN"?)
}
