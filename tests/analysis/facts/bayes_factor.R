# Writes bayes_factor.csv beside itself, for tests/analysis/test_bayes_factor.py: BF10 of one-sample t-tests by R's
# BayesFactor package.
#
#   Rscript bayes_factor.R        (Debian: apt-get install r-base-core r-cran-bayesfactor)
suppressPackageStartupMessages(library(BayesFactor))

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)[1])))
table <- expand.grid(t = c(0, 0.7, -2.03, 2.24, 4.191, 12), n = c(5, 10, 80, 3000), scale = c(sqrt(2) / 2, 1))
table$bf10 <- mapply(function(t, n, scale) ttest.tstat(t, n, rscale = scale, simple = TRUE), table$t, table$n, table$scale)
table <- transform(table, scale = sprintf("%.9f", scale), bf10 = sprintf("%.6g", bf10))
write.csv(table, file.path(here, "bayes_factor.csv"), row.names = FALSE, quote = FALSE, eol = "\n")
