# Simulates crossed two-alternative data in which the effect of the condition varies over participants and features, and
# fits them with lme4, for tests/analysis/test_mixed_model.py.
#
#   Rscript slopes.R        (Debian: apt-get install r-base-core r-cran-lme4)
#
# Writes beside itself, for each seed, slopes-SEED.txt: a line for each participant, a digit for each feature, 1 for a
# correct answer. The condition of a cell is (participant + feature) modulo the number of conditions, both counted from 0.
# And slopes.csv: what glmer made of them: coefficients against the first condition with their standard errors, standard
# deviations of the random effects, log-likelihoods of the model and of the same model with the last two conditions made
# one in the fixed effects only.
library(lme4)

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)[1])))

# SDs between participants and features, and of the conditions within each of them
designs <- list(
  list(seed = 1, participants = 40, features = 20, logits = c(0.9, 0.9), sd = c(0.5, 0.5), effect = c(0.3, 0.8)),
  list(seed = 2, participants = 40, features = 20, logits = c(1.2, 0.6), sd = c(0.5, 0.5), effect = c(0.2, 0.4)),
  list(seed = 3, participants = 60, features = 45, logits = c(1.6, 1.1, 0.2), sd = c(0.4, 0.6), effect = c(0.3, 0.6)),
  list(seed = 4, participants = 30, features = 60, logits = c(0.7, 1.0, 0.3), sd = c(0.8, 0.3), effect = c(0.6, 0.3)),
  list(seed = 5, participants = 50, features = 30, logits = c(1.0, 0.4, 0.1), sd = c(0.3, 0.9), effect = c(0.5, 0.5)),
  list(seed = 6, participants = 36, features = 24, logits = c(2.0, 1.2), sd = c(0.6, 0.6), effect = c(0.0, 0.9))
)

simulate_answers <- function(design) {
  set.seed(design$seed)
  count <- length(design$logits)
  cells <- expand.grid(feature = seq_len(design$features) - 1, participant = seq_len(design$participants) - 1)
  cells$condition <- (cells$participant + cells$feature) %% count
  of_participant <- matrix(rnorm(design$participants * count, 0, design$effect[1]), ncol = count)
  of_feature <- matrix(rnorm(design$features * count, 0, design$effect[2]), ncol = count)
  logit <- design$logits[cells$condition + 1] +
    rnorm(design$participants, 0, design$sd[1])[cells$participant + 1] +
    rnorm(design$features, 0, design$sd[2])[cells$feature + 1] +
    of_participant[cbind(cells$participant + 1, cells$condition + 1)] +
    of_feature[cbind(cells$feature + 1, cells$condition + 1)]
  cells$correct <- rbinom(nrow(cells), 1, plogis(logit))
  cells
}

write_answers <- function(cells, seed) {
  lines <- tapply(cells$correct, cells$participant, paste, collapse = "")
  writeLines(lines, file.path(here, sprintf("slopes-%d.txt", seed)))
}

fit <- function(formula, cells) {
  glmer(formula, data = cells, family = binomial,
        control = glmerControl(optimizer = "bobyqa", optCtrl = list(maxfun = 1e5)))
}

table_of <- function(design) {
  cells <- simulate_answers(design)
  write_answers(cells, design$seed)
  last <- length(design$logits) - 1
  cells$merged <- factor(pmin(cells$condition, last - 1))
  cells$condition <- factor(cells$condition)
  random <- "(1 | participant) + (1 | feature) + (1 | participant:condition) + (1 | feature:condition)"
  full <- fit(as.formula(paste("correct ~ condition +", random)), cells)
  merged <- fit(as.formula(paste("correct ~", if (last > 1) "merged" else "1", "+", random)), cells)
  found <- coef(summary(full))
  spread <- sapply(VarCorr(full), function(component) attr(component, "stddev"))
  names(spread) <- sub("\\.\\(Intercept\\)", "", names(spread))
  groups <- c("participant", "feature", "participant:condition", "feature:condition")
  data.frame(
    seed = design$seed,
    term = c("condition 0", sprintf("condition %d against 0", seq_len(last)), paste(groups, "SD"),
             "log-likelihood", "log-likelihood with the last two as one"),
    value = c(found[, "Estimate"], spread[groups], as.numeric(logLik(full)), as.numeric(logLik(merged))),
    se = c(found[, "Std. Error"], rep(NA, 6))
  )
}

table <- do.call(rbind, lapply(designs, table_of))
table$value <- sprintf("%.6f", table$value)
table$se <- ifelse(is.na(table$se), "", sprintf("%.6f", table$se))
write.csv(table, file.path(here, "slopes.csv"), row.names = FALSE, quote = FALSE, eol = "\n")
