-- Average and 95th percentile of the processing time by type over 24 hours, in milliseconds
-- Null handling on: processingTimeMs is null until a booking says when the wallet registered it, and without null handling
-- Pinot takes null for 0.
SET enableNullHandling=true;
SELECT transactionType,
       AVG(processingTimeMs) as avg_time,
       PERCENTILE(processingTimeMs, 95) as p95_time
FROM payment_analytics
WHERE transactionTime > ago('PT24H')
GROUP BY transactionType
