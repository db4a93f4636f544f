# Fits with lme4 what flat.csv holds: a simulated study of 30 participants and 8 features whose likelihood is so flat that
# a search may end before its maximum. For tests/analysis/test_mixed_model.py.
#
#   Rscript flat.R        (Debian: apt-get install r-base-core r-cran-lme4)
#
# Printed standard deviations 0.181, 0.622, 0 and 0, a log-likelihood of -123.644, a likelihood ratio of 5.490, and TRUE.
library(lme4)

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)[1])))
answers <- read.csv(file.path(here, "flat.csv"), stringsAsFactors = TRUE)
units <- "(1 | participant) + (1 | feature) + (1 | participant:condition) + (1 | feature:condition)"
fit <- function(fixed) {
  glmer(as.formula(paste("correct ~", fixed, "+", units)), answers, binomial, control = glmerControl("bobyqa"))
}
full <- fit("condition")
print(VarCorr(full))
print(logLik(full), digits = 6)
print(2 * as.numeric(logLik(full) - logLik(fit("1"))))
print(isSingular(full))
