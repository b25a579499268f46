"""Each module turns one public data set, or a folder of cases, into labelled cases and fault-free windows."""
