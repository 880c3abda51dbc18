-- Amounts booked with success by merchant and day over a year, from the archive tables
-- {days} integer = 365: how many days back
-- {rows} integer = 100000: how many groups at most
-- No null handling: it would switch the star-tree off, which answers this; a transaction without merchant reads 'null'.
-- bookedHour instead of bookedAt: the star-tree knows the hour. SUMPRECISION: exact, in cents. numGroupsLimit: a year of merchants, days
-- and currencies is more groups than the 100,000 that Pinot counts before it drops the rest.
SET numGroupsLimit=2000000;
SELECT merchantId, CAST(dateTrunc('DAY', bookedHour) AS TIMESTAMP) AS booked_day, currency, COUNT(*) AS bookings,
       SUMPRECISION(amount, 38, 2) AS total
FROM transaction_booked_offline
WHERE bookedHour >= ago('P{days}D') AND bookingStatus = 'SUCCESS'
GROUP BY merchantId, CAST(dateTrunc('DAY', bookedHour) AS TIMESTAMP), currency
ORDER BY booked_day, merchantId, currency
LIMIT {rows}
