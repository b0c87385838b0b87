/* host_metrics.h: counters, gauges and histograms. */
#ifndef GATEHOUSE_HOST_METRICS_H
#define GATEHOUSE_HOST_METRICS_H
#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GH_METRIC_COUNTER = 0, GH_METRIC_GAUGE = 1, GH_METRIC_HISTOGRAM = 2 };

#define GH_IFACE_HOST_METRICS "gatehouse.host.metrics/0"
typedef struct gh_host_metrics {
  /* [control], in create(), since 0. Defines a metric with the names of its labels; *out is its id.
   * Names are prefixed with the plugin's. GH_LIMIT: more than 64 metrics of a plugin. */
  gh_status (*define)(gh_instance self_handle, uint32_t kind, gh_str name, gh_str help,
                      const gh_str *labels, uint32_t count, uint64_t *out);
  /* [control] or in loop_started, since 0. The series of these values, as many as the metric has
   * labels. The host adds the label "route", the instance's, unless the metric has one of that
   * name. GH_LIMIT: more than 200 series of a metric and route. */
  gh_status (*series)(gh_instance self_handle, uint64_t metric, const gh_str *label_values,
                      uint64_t *out);
  /* [loop], since 0. Adds to a counter or a gauge, or records into a histogram, in the loop's own
   * shard: no lock, no atomic. An unknown series is ignored. */
  void (*add)(gh_instance self_handle, uint64_t series, double value);
} gh_host_metrics;

#ifdef __cplusplus
}
#endif
#endif
