-- Volume of the last hour by type
-- No null handling: transactionType, amount and registeredAt are never null, and without it nothing keeps Pinot from an index.
-- SUM is a double; ask for SUMPRECISION(amount) where a sum may exceed 2^53 cents.
SELECT transactionType, COUNT(*), SUM(amount)
FROM transaction_wallet_registered_rt
WHERE registeredAt > ago('PT1H')
GROUP BY transactionType
